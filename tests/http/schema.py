"""Checks JSON documents against the subset of JSON Schema that openapi.json uses, and HTTP answers
against its operations."""
import json
import re

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
KNOWN = {"$ref", "type", "enum", "const", "anyOf", "properties", "required", "additionalProperties", "items",
         "minItems", "minLength", "maxLength", "minimum", "maximum", "pattern", "description", "title"}


def _is(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def resolve(document, node):
    while "$ref" in node:
        found = document
        for part in node["$ref"][2:].split("/"):
            found = found[part]
        node = found
    return node


def problems(document, schema, value, where="$"):
    """Yields a line for each place where `value` breaks `schema`."""
    schema = resolve(document, schema)
    assert set(schema) <= KNOWN, f"schema.py does not know {set(schema) - KNOWN}"
    names = schema.get("type")
    if names is not None:
        names = names if isinstance(names, list) else [names]
        if not any(_is(value, n) for n in names):
            yield f"{where}: {value!r} is no {'/'.join(names)}"
            return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is not one of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        yield f"{where}: {value!r} is not {schema['const']!r}"
    if "anyOf" in schema and all(list(problems(document, s, value)) for s in schema["anyOf"]):
        yield f"{where}: {str(value)[:300]} fits none of anyOf"
    if isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            yield f"{where}: has {len(value)} characters"
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{where}: {value!r} does not match {schema['pattern']}"
    if _is(value, "number"):
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            yield f"{where}: {value} is out of bounds"
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                yield f"{where}: '{name}' is missing"
        for name, item in value.items():
            if name in properties:
                yield from problems(document, properties[name], item, f"{where}.{name}")
            elif schema.get("additionalProperties") is False:
                yield f"{where}: '{name}' is not in the schema"
            elif isinstance(schema.get("additionalProperties"), dict):
                yield from problems(document, schema["additionalProperties"], item, f"{where}.{name}")
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"{where}: has {len(value)} items"
        for i, item in enumerate(value):
            if "items" in schema:
                yield from problems(document, schema["items"], item, f"{where}[{i}]")


def operation(document, method, path):
    """The operation that answers a request; None when the document has none for the path."""
    path = path.split("?")[0]
    method = "get" if method == "HEAD" else method.lower()
    for template, operations in document["paths"].items():
        pattern = "/".join("[^/]+" if p.startswith("{") else re.escape(p) for p in template.split("/"))
        if re.fullmatch(pattern, path):
            return operations.get(method, {"responses": {"405": {"$ref": "#/components/responses/MethodNotAllowed"},
                                                         "204": {"description": "OPTIONS"}}})
    return None


def _bodies(kind, reply):
    """The JSON documents of an answer: one, one a line, or one an event."""
    if kind == "application/json":
        return [json.loads(reply.data)]
    if kind == "application/x-ndjson":
        return [json.loads(line) for line in reply.data.decode().splitlines()]
    return [json.loads(data) for name, data in reply.events() if name == "message" and data != "[DONE]"]


def traffic_problems(document, method, path, body, reply):
    """Yields how an exchange breaks the document: status, headers, content type, both bodies."""
    where = f"{method} {path} {reply.status}"
    found = operation(document, method, path)
    if found is None or (method == "OPTIONS" and reply.status in (204, 403)):
        if reply.status != 204 and reply.status >= 400:
            yield from problems(document, {"$ref": "#/components/schemas/Error"}, json.loads(reply.data), where)
        return
    if str(reply.status) not in found["responses"]:
        yield f"{where}: the status is not documented"
        return
    answer = resolve(document, found["responses"][str(reply.status)])
    for name in answer.get("headers", {}):
        if name.lower() not in reply.headers:
            yield f"{where}: the header {name} is missing"
    if method == "HEAD" or reply.status in (204, 304):
        if reply.data:
            yield f"{where}: a body where none belongs"
        return
    kind = reply.headers.get("content-type", "").split(";")[0]
    if kind not in answer.get("content", {}):
        yield f"{where}: content type {kind!r} is not documented"
        return
    schema = answer["content"][kind]["schema"]
    if "json" in kind or "$ref" in schema:
        for document_part in _bodies(kind, reply):
            yield from problems(document, schema, document_part, where)
    media = found.get("requestBody", {}).get("content", {}).get("application/json")
    if reply.status < 300 and media and isinstance(body, dict):
        yield from problems(document, media["schema"], body, where + " request")
