"""askonce: the e-mail gateway that lets an organisation ask once, and once only."""

__version__ = "0.1.0"
