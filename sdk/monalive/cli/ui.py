"""`monalive ui`: the page for animating photos in the browser."""

from __future__ import annotations

import argparse

DESCRIPTION = (
    "Serves a page on this machine that animates photos and checks files; photos, camera and files stay on this "
    "machine. Ctrl-C ends it."
)


_LAN_WORDS = """\
On your phone, in the same network as this machine, open
  {url}
(Ctrl-C ends it.) The link works once; when it is used, a new one is printed here.
Your phone will warn that it does not know who made the certificate: this machine did, just now. Its SHA-256
fingerprint is
  {fingerprint}
Show the certificate's details and compare, then go on to the page. Photos, camera and videos are worked on in the
phone; a finished video is sent to this machine to be signed, and files that you check, to be read."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("--port", type=_port, metavar="N", help="port to serve on, 0 for any (default 8765)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument(
        "--lan",
        action="store_true",
        help="serve it to your phone in the same network instead, encrypted, by a link that works once",
    )
    parser.add_argument("--bundle", metavar="FILE", help="models to use instead of those that come with the package")


def run(arguments: argparse.Namespace) -> None:
    """Serves until Ctrl-C."""
    import webbrowser

    from monalive.ui.content import page_routes
    from monalive.ui.lan import Lan, lan_address
    from monalive.ui.server import DEFAULT_PORT, PageServer
    from monalive.ui.services import page_services

    port = DEFAULT_PORT if arguments.port is None else arguments.port
    routes, services = page_routes(arguments.bundle), page_services(arguments.bundle)
    lan = (
        Lan(lan_address(), lambda: print(f"That link was used; for another device: {server.url}", flush=True))
        if arguments.lan
        else None
    )
    with PageServer(routes, port, services, lan) as server:
        if lan is not None:
            print(_LAN_WORDS.format(url=server.url, fingerprint=lan.fingerprint), flush=True)
        else:
            print(f"The page is at {server.url} (Ctrl-C ends it)", flush=True)
        if lan is None and not arguments.no_browser:
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return port
