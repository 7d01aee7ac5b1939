from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, text
from sqlalchemy.orm import DeclarativeBase, mapped_column

BigId = Annotated[int, mapped_column(BigInteger, Identity(always=True), primary_key=True)]
OrganizationId = Annotated[int, mapped_column(BigInteger, ForeignKey("organizations.id"))]
Timestamp = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=text("clock_timestamp()"))]


class Base(DeclarativeBase):
    """The metadata that the migrations are compared with."""
