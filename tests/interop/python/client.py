"""The official Python client: `client.py URL OPERATION`. Prints what came of it as one line of JSON."""

import json
import sys

import anyio
import mcp_types as types
from mcp import Client


async def answer(context, params):
    return types.ElicitResult(action="accept", content={"response": "yes"})


async def listing(client):
    tools = (await client.list_tools()).tools
    resources = (await client.list_resources()).resources
    prompts = (await client.list_prompts()).prompts
    names = {tool.name for tool in tools}, {resource.name for resource in resources}, {prompt.name for prompt in prompts}
    wanted = "test_simple_text", "static-text", "test_simple_prompt"
    return " ".join(name for name, found in zip(wanted, names) if name in found)


async def call(client):
    return (await client.call_tool("test_simple_text", {})).content[0].text


async def read(client):
    return (await client.read_resource("test://static-text")).contents[0].text


async def get(client):
    prompt = await client.get_prompt("test_prompt_with_arguments", {"arg1": "hello", "arg2": "world"})
    return prompt.messages[0].content.text


async def complete(client):
    ref = types.PromptReference(type="ref/prompt", name="test_prompt_with_arguments")
    return ",".join((await client.complete(ref, {"name": "arg1", "value": "he"})).completion.values)


async def elicit(client):
    return (await client.call_tool("test_elicitation", {"message": "May I?"})).content[0].text


async def cancel(client):
    name = "python"
    with anyio.move_on_after(1):
        await client.call_tool("wait_until_cancelled", {"name": name})
    for _ in range(50):
        text = (await client.call_tool("cancelled", {})).content[0].text
        if name in text.split(","):
            return "cancelled"
        await anyio.sleep(0.1)
    return "not cancelled"


async def subscribe(client):
    uri = "test://watched-resource"
    async with client.listen(resource_subscriptions=[uri]) as events:
        await client.call_tool("test_trigger_resource_update", {"uri": uri})
        with anyio.fail_after(5):
            async for event in events:
                return str(event.uri)


OPERATIONS = {
    "list": listing,
    "call": call,
    "read": read,
    "get": get,
    "complete": complete,
    "elicit": elicit,
    "subscribe": subscribe,
    "cancel": cancel,
}


async def main(url, operation):
    try:
        async with Client(url, elicitation_callback=answer) as client:
            result = {"revision": client.protocol_version, "text": await OPERATIONS[operation](client)}
    except Exception as error:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        result = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(result))


anyio.run(main, *sys.argv[1:])
