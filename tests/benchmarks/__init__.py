"""How fast, how heavy: the gateway beside Postfix's own proxy filter, on this machine. See `__main__`."""
