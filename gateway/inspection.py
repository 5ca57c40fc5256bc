"""What settings point at, looked at before a gateway starts with them (`askonce config check`, `askonce serve`).

Connects to nothing and makes nothing: certificate, state folder, store, pack, exceptions and directory are looked at
where they lie. IO: reads files.
"""

import getpass
import os
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.app import exemptions_of, now, pack_of
from gateway.directory.opening import open_directory
from gateway.errors import UserError
from gateway.host_port import host_port, meet, opens_elsewhere, this_machine
from gateway.identity.opening import ready, redirect
from gateway.policy.packs import check_encoders
from gateway.smtp.server import certificate, resolved
from gateway.storage.opening import check_store

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.policy.pack import Pack


async def check_settings(settings: "Settings", *, where: str) -> list[str]:
    """What was found, a line each, advice included; `where` is the settings file. Raises UserError."""
    check_places(settings)
    pack = pack_of(settings)
    check_encoders(pack)
    found = [f"policy.pack: {pack.identity}, {len(pack.rules)} rules{_without_encoder(pack)}"]
    found += _exceptions(settings, pack)
    if settings.organisation.directory:
        await open_directory(settings.organisation.directory, settings.organisation.reload_seconds)
        found.append(f"organisation.directory: {settings.organisation.directory}")
    found += check_sign_in(settings)
    if settings.policy.mode == "monitor":
        found.append('policy.mode: "monitor", so nothing is held; the audit says what would have been')
    return found + [f"{where}: {advice}" for advice in _advice(settings)]


def check_places(settings: "Settings") -> None:
    """Addresses, certificate, state folder and store. Raises UserError."""
    _apart(settings)
    certificate(settings.smtp)
    resolved(settings.smtp.listen)
    _writable(Path(settings.state.directory).absolute())
    if settings.state.store:
        check_store(settings.state.store)


def check_sign_in(settings: "Settings") -> list[str]:
    """What sign-in needs on this machine; the provider is not asked. Raises UserError; returns what was found."""
    if settings.sign_in.mode == "off":
        return []
    return [
        f"sign_in: {settings.sign_in.mode}, {settings.sign_in.issuer}, {ready(settings)}",
        f"sign_in: the redirect address to register there is {redirect(settings)}",
    ]


def _apart(settings: "Settings") -> None:
    """Mail in, mail out and the page each have a place of their own: two that share one take one another's clients, or
    send mail round and round."""
    places = {"smtp.listen": settings.smtp.listen, "upstream.address": settings.upstream.address}
    if settings.web.listen != "off":
        places["web.listen"] = settings.web.listen
    for one, other in combinations(places, 2):
        if meet(places[one], places[other]):
            raise UserError(f"{places[other]} is {one} already", where=other, todo="Give each a port of its own")


def _exceptions(settings: "Settings", pack: "Pack") -> list[str]:
    if not settings.policy.exceptions:
        return []
    exemptions, today = exemptions_of(settings, pack), now().date()
    found = [f"policy.exceptions: {settings.policy.exceptions}, {len(exemptions)} exceptions"]
    expired = (one for one in exemptions if one.expired(today))
    return found + [f'policy.exceptions: "{one.id}" expired on {one.expires} and is ignored' for one in expired]


def _writable(folder: Path) -> None:
    """Whether the folder can be written, or made below what is there."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir():
        raise UserError(f"{there} is no folder", where="state.directory")
    if not os.access(there, os.W_OK | os.X_OK):
        who = getpass.getuser()
        raise UserError(f"{there} cannot be written by {who}", where="state.directory", todo="Run it as its owner")


def _advice(settings: "Settings") -> list[str]:
    """What a gateway would start with, and its people would stumble over."""
    told = []
    if not settings.organisation.internal_domains:
        told.append("organisation.internal_domains is empty, so every domain counts as internal")
    links = settings.web.public_url or f"http://{settings.web.listen}"
    if settings.web.listen != "off" and not opens_elsewhere(links):
        told.append(f"web.public_url: links in notices begin with {links}, which opens on this machine alone")
    host, _ = host_port(settings.smtp.listen, key="smtp.listen")
    strangers = [one for one in settings.smtp.clients if not one.startswith(("127.", "::1"))]
    if not this_machine(host) and not strangers:
        told.append(f"smtp.clients: only this machine may connect, though smtp.listen is {host}")
    return told


def _without_encoder(pack: "Pack") -> str:
    lacks = pack.opinion.encoder and pack.detector and not pack.detector.encoders
    return "; its encoder is not used, since onnxruntime is not installed (askonce[encoder])" if lacks else ""
