"""`monalive ui`: the page for animating photos in the browser."""

from __future__ import annotations

import argparse

DESCRIPTION = (
    "Serves a page on this machine that animates photos and checks files; photos, camera and files stay on this "
    "machine. Ctrl-C ends it."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("--port", type=_port, metavar="N", help="port to serve on, 0 for any (default 8765)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--bundle", metavar="FILE", help="models to use instead of those that come with the package")


def run(arguments: argparse.Namespace) -> None:
    """Serves until Ctrl-C."""
    import webbrowser

    from monalive.ui.content import page_routes
    from monalive.ui.server import DEFAULT_PORT, PageServer
    from monalive.ui.services import page_services

    routes, services = page_routes(arguments.bundle), page_services(arguments.bundle)
    with PageServer(routes, DEFAULT_PORT if arguments.port is None else arguments.port, services) as server:
        print(f"The page is at {server.url} (Ctrl-C ends it)", flush=True)
        if not arguments.no_browser:
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
