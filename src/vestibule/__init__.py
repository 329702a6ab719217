"""Vestibule: one house of users and sessions, many doors in front of it."""

__version__ = "0.1.0"
