from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, text
from sqlalchemy.orm import DeclarativeBase, mapped_column

TIME = DateTime(timezone=True)
BigId = Annotated[int, mapped_column(BigInteger, Identity(always=True), primary_key=True)]
OrganizationId = Annotated[int, mapped_column(BigInteger, ForeignKey("organizations.id"))]
Timestamp = Annotated[datetime, mapped_column(TIME, server_default=text("clock_timestamp()"))]


class Base(DeclarativeBase):
    """The metadata that the migrations are compared with."""
