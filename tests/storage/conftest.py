"""The PostgreSQL these tests trouble."""

from tests.fixtures_postgresql import postgresql_server, postgresql_url

__all__ = ["postgresql_server", "postgresql_url"]
