"""Settings of ``nongvu dashboards``: where the farmers' page and Grafana are, and how Grafana reaches the database."""

from __future__ import annotations

from pydantic import Field, SecretStr

from telemetry.settings import Settings


class PageSettings(Settings):
    """Of ``nongvu dashboards build``."""

    farmers_page: str = Field(
        "http://localhost:8080", description="address of the farmers' page, for the boards' links"
    )


class GrafanaSettings(PageSettings):
    """``NONGVU_GRAFANA_…`` and the passwords of the two logins that may only look."""

    grafana_url: str = Field(description="http://host:3000, or https://user:password@host")
    grafana_token: SecretStr | None = Field(
        None, description="a service account's token; else user and password in the URL"
    )
    grafana_database: str = Field("database:5432", description="host:port of the database as Grafana reaches it")
    grafana_database_name: str = Field("nongvu", description="name of the database")
    grafana_database_tls: str = Field("disable", description="sslmode: disable, require, verify-ca, verify-full")
    chart_reader_password: SecretStr = Field(description="of the login 'grafana', a member of chart_reader")
    chart_public_password: SecretStr = Field(
        description="of the login 'grafana_public', a member of chart_public_reader"
    )
