"""Calls a URL with what Python programs use, with no word about proxies or certificates, and prints what each got."""

from __future__ import annotations

import asyncio
import sys
import urllib.request

import aiohttp
import httpx
import requests

URL = sys.argv[1]
HEADERS = {"Authorization": "Bearer test"}


async def by_aiohttp() -> str:
    async with aiohttp.ClientSession(trust_env=True) as session, session.get(URL, headers=HEADERS) as answer:
        return await answer.text()


async def by_httpx_async() -> str:
    async with httpx.AsyncClient(headers=HEADERS) as client:
        return (await client.get(URL)).text


def by_urllib() -> str:
    with urllib.request.urlopen(urllib.request.Request(URL, headers=HEADERS)) as answer:
        return str(answer.read().decode())


got = {
    "requests": requests.get(URL, headers=HEADERS).text,
    "httpx": httpx.get(URL, headers=HEADERS).text,
    "httpx-async": asyncio.run(by_httpx_async()),
    "urllib": by_urllib(),
    "aiohttp": asyncio.run(by_aiohttp()),
}
for name, text in got.items():
    sys.stdout.write(f"{name} {text}\n")
