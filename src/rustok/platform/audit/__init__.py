"""The audit log: who did what to which thing, chained per tenant so that no change of it goes unseen.

Refuses: deciding what is recorded (each feature does, by its events and `tx.audit`) and ever
changing or removing a record, but for the oldest after their time, behind a signed checkpoint.
"""
