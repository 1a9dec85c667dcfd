"""A Python client's visit: `visit.py LIBRARY URL [key KEY | sign-in PORT]`. Prints the tools and what `add` answered as JSON."""

import asyncio
import json
import sys
import threading
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlparse

ARGUMENTS = {"a": 40, "b": 2}


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


async def with_fastmcp(url, way, value):
    from fastmcp import Client
    from fastmcp.client.auth import OAuth

    auth = {"key": lambda: value, "sign-in": lambda: OAuth(url, callback_port=int(value)), None: lambda: None}[way]()
    async with Client(url, auth=auth) as client:
        tools = await client.list_tools()
        return tools, await client.call_tool("add", ARGUMENTS)


async def with_mcp_use(url, way, value):
    from mcp_use.client import MCPClient

    server = {"url": url}
    if way == "key":
        server["headers"] = bearer(value)
    if way == "sign-in":
        server["auth"] = {"callback_port": int(value)}
    client = MCPClient({"mcpServers": {"adder": server}})
    session = await client.create_session("adder")
    result = await session.list_tools(), await session.call_tool("add", ARGUMENTS)
    await client.close_all_sessions()
    return result


class Memory:
    """What the official client wants to have kept."""

    def __init__(self):
        self.tokens = self.client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


def one_answer(port, answers):
    """Waits on loopback for the answer that the browser brings."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            answers.append(parse_qs(urlparse(self.path).query))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", port), Page)
    thread = threading.Thread(target=server.handle_request, daemon=True)
    thread.start()
    return thread


def official_sign_in(url, port):
    from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
    from mcp.shared.auth import OAuthClientMetadata

    answers = []
    waiting = one_answer(port, answers)

    async def browse(address):
        webbrowser.open(address)

    async def answer():
        await asyncio.to_thread(waiting.join)
        got = {name: values[0] for name, values in answers[0].items()}
        return AuthorizationCodeResult(code=got["code"], state=got.get("state"), iss=got.get("iss"))

    metadata = OAuthClientMetadata(client_name="Python", redirect_uris=[f"http://127.0.0.1:{port}/callback"])
    return OAuthClientProvider(url, metadata, Memory(), redirect_handler=browse, callback_handler=answer)


async def with_mcp(url, way, value):
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    headers = bearer(value) if way == "key" else {}
    auth = official_sign_in(url, int(value)) if way == "sign-in" else None
    async with httpx2.AsyncClient(headers=headers, auth=auth) as http:
        async with Client(streamable_http_client(url, http_client=http)) as client:
            tools = (await client.list_tools()).tools
            return tools, await client.call_tool("add", ARGUMENTS)


async def main(library, url, way=None, value=None):
    visit = {"mcp": with_mcp, "fastmcp": with_fastmcp, "mcp_use": with_mcp_use}[library]
    tools, result = await visit(url, way, value)
    print(json.dumps({"tools": [tool.name for tool in tools], "answer": result.content[0].text}))


asyncio.run(main(*sys.argv[1:]))
