"""What a node is: its states, its texts, its bodies and the kinds it can be of; no I/O."""
