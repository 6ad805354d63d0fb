"""Where uploaded files lie: a port, a folder of this machine, and an S3-compatible store.

It refuses paths made by users, and files inside transactions: what lies here is named by a row that
is written after it, and swept after the row has gone.
"""
