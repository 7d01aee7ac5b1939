from sqlalchemy import ForeignKey, LargeBinary, Text, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.columns import Base, BigId, OrganizationId, Timestamp


class TemplateSource(Base):
    """The HTML of a template under its SHA-256: never changed, so an invoice renders the same for ever."""

    __tablename__ = "template_sources"

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    html: Mapped[str] = mapped_column(Text)


class Template(Base):
    __tablename__ = "templates"

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    name: Mapped[str] = mapped_column(Text)
    source_hash: Mapped[bytes] = mapped_column(LargeBinary, ForeignKey("template_sources.hash"))
    is_default: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp]
    source: Mapped[TemplateSource] = relationship(lazy="joined", innerjoin=True)
