"""Sends the calls of stdin (JSON) with an SDK for Python, by changing its host only; prints the errors that it told of.

usage: send.py segment|rudderstack HOST WRITE_KEY
"""

import importlib
import json
import re
import sys
from datetime import datetime


def snake(name):
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()


def main():
    sdk, host, write_key = sys.argv[1:]
    client_of = importlib.import_module(f"{sdk}.analytics.client").Client
    errors = []
    client = client_of(
        write_key,
        host=host,
        on_error=lambda error, _batch: errors.append(str(error)),
        upload_interval=0.1,
        max_retries=3,
    )
    for call in json.load(sys.stdin):
        kind = call.pop("type")
        arguments = {snake(name): value for name, value in call.items()}
        if "timestamp" in arguments:
            arguments["timestamp"] = datetime.fromisoformat(arguments["timestamp"].replace("Z", "+00:00"))
        getattr(client, kind)(**arguments)
    client.flush()
    client.join()
    json.dump(errors, sys.stdout)


main()
