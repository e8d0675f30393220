"""Standard input and output as one connection to a socket in a folder: ``bridge.py FOLDER NAME``."""

from __future__ import annotations

import os
import socket
import sys
from threading import Thread


def upstream(connection: socket.socket) -> None:
    while data := os.read(0, 65536):
        connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


def main() -> None:
    os.chdir(sys.argv[1])  # the whole path may be longer than a socket's name may be
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(sys.argv[2])
        Thread(target=upstream, args=(connection,), daemon=True).start()
        while data := connection.recv(65536):
            os.write(1, data)


if __name__ == "__main__":
    main()
