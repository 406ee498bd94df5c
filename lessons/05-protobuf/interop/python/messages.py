"""Message classes without protoc: from the descriptors that the build of the lesson wrote."""

import pathlib

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


class Messages:
    """The messages of a compiled set of .proto files, by their full names."""

    def __init__(self, path):
        self.pool = descriptor_pool.DescriptorPool()
        files = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(path).read_bytes())
        # A file comes after those that it imports.
        for file in files.file:
            self.pool.Add(file)

    def __getitem__(self, name):
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))
