"""A real SMTP server on loopback that keeps what arrives."""

import asyncio
import socket
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default as email_policy
from unittest.mock import patch

from aiosmtpd.controller import Controller


class Inbox:
    """Keeps what arrives, unless it is told to be difficult."""

    def __init__(self):
        self.messages = []
        #: {address: answer to it as a recipient}
        self.refused = {}
        #: {address: (whether a message to it is kept, seconds until the answer, answer or None to hang up)}
        self.moods = {}
        #: How long it takes for a message.
        self.seconds = 0
        #: Hangs up on everybody once it has so many messages.
        self.room = None

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        if self.room is not None and len(self.messages) >= self.room:
            server.transport.abort()
        return responses

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        keeps, seconds, answer = self.moods.get(
            envelope.rcpt_tos[0], (True, self.seconds, "250 OK")
        )
        if keeps:
            self.messages.append(message_from_bytes(envelope.content, policy=email_policy))
        await asyncio.sleep(seconds)
        if answer is None:
            server.transport.abort()
        return answer or "250 OK"

    def to(self, address):
        return [message for message in self.messages if address in message["To"]]


@contextmanager
def smtp_server():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield inbox, port
    finally:
        controller.stop()


def use_loopback(env, port):
    """Let Odoo send to ``port`` of this machine, and to no other server."""
    MailServer = env["ir.mail_server"].sudo()
    MailServer.search([]).active = False
    return MailServer.create(
        {
            "name": "loopback",
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
            "smtp_encryption": "none",
        }
    )


def send_to_loopback(test):
    """Let Odoo send to a server of ``test``, until it ends, and to no other; return its inbox."""
    inbox, port = test.enterContext(smtp_server())
    MailServer = use_loopback(test.env, port)
    # Odoo does not speak to mail servers in tests unless told so
    test.enterContext(patch.object(type(MailServer), "_disable_send", lambda _self: False))
    return inbox
