"""Façades: from the rows of a Keras's table to classes of layers, their signatures and their help.

A row is words (`doors.rows`). Its class translates names and never computes.
"""
