"""The PostgreSQL server of the tests is known here too."""

from tests.fixtures_postgresql import postgresql_server, postgresql_url

__all__ = ["postgresql_server", "postgresql_url"]
