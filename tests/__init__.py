"""The proof of what the gateway does."""
