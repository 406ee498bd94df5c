"""Holds our protobuf against Python's, for as many messages as come on the standard input.

    mirror.py DESCRIPTORS

Requests and answers are JSON behind a length of four bytes. A request has a type, the bytes that our
side wrote, and the values as our side has them. Python reads the bytes, makes the same message from the
values, and fails unless the two are equal. The answer has the bytes that Python writes for the values.

A request without values asks only whether Python can read the bytes, and what it keeps of them.
"""

import json
import struct
import sys

from google.protobuf.message import DecodeError

from messages import Messages


def build(message, values):
    """Sets the fields of a message to plain values."""
    for name, value in values.items():
        field = message.DESCRIPTOR.fields_by_name[name]
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            entries = getattr(message, name)
            for key, item in value:
                entries[key] = item
        elif field.is_repeated and field.message_type is not None:
            for item in value:
                build(getattr(message, name).add(), item)
        elif field.message_type is not None:
            inside = getattr(message, name)
            # Set, even if it is empty.
            inside.SetInParent()
            build(inside, value)
        elif field.is_repeated:
            getattr(message, name).extend(value)
        elif field.type == field.TYPE_BYTES:
            setattr(message, name, bytes.fromhex(value))
        elif field.type == field.TYPE_DOUBLE:
            # As bits: JSON has no NaN and no infinity.
            setattr(message, name, struct.unpack(">d", bytes.fromhex(value))[0])
        elif field.type == field.TYPE_FLOAT:
            setattr(message, name, struct.unpack(">f", bytes.fromhex(value))[0])
        else:
            setattr(message, name, value)


def answer(messages, request):
    """What one request deserves."""
    kind = messages[request["type"]]
    try:
        read = kind.FromString(bytes.fromhex(request["bytes"]))
    except DecodeError as error:
        return {"error": str(error)}
    if "values" not in request:
        return {"bytes": read.SerializeToString(deterministic=True).hex()}
    made = kind()
    build(made, request["values"])
    # As bytes, because NaN does not equal itself. Fields that Python does not know would show here.
    one = read.SerializeToString(deterministic=True)
    other = made.SerializeToString(deterministic=True)
    if one != other:
        return {"error": f"read {one.hex()}, made {other.hex()}"}
    return {"bytes": made.SerializeToString().hex()}


def main():
    messages = Messages(sys.argv[1])
    while head := sys.stdin.buffer.read(4):
        request = json.loads(sys.stdin.buffer.read(struct.unpack(">I", head)[0]))
        reply = json.dumps(answer(messages, request)).encode()
        sys.stdout.buffer.write(struct.pack(">I", len(reply)) + reply)
        sys.stdout.buffer.flush()


main()
