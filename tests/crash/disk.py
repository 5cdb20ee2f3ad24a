# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a power cut can leave of files, computed from a trace of tests/crash/shim.c.

The model is that of POSIX, and harsher than a journalling file system:
- a write or a change of length is certain once fsync or fdatasync of that file, or the write to an
  O_DSYNC descriptor itself, has come back. Before that each of its sectors of 512 bytes may be on
  the disk or not, in any combination with those of other writes, but for one sector the one that
  was written later wins; the length of the file may be there without the bytes, which are zeros;
- a name that was made, moved or taken away is certain once fsync of its folder has come back.
  Before that a change of names may have happened or not: in most images those before some moment
  have, in the others any of them. One rename happens as a whole or not at all.
- the memory that LMDB shares in lock.mdb holds anything.
"""
import hashlib
import os
import random
import struct

SECTOR = 512
PAGE = 4096
HEAD = struct.Struct('<BBHiQII')
RENAME_EXCHANGE = 2


class Broken(Exception):
    """The trace has what this model does not know."""


def sectors(offset, n):
    """Where a write of n bytes falls apart."""
    at = 0
    while at < n:
        end = min(n, at + SECTOR - (offset + at) % SECTOR)
        yield at, end
        at = end


def outside(offset, data, low, high):
    """The parts of a change that lie outside a range; a change of length is one."""
    if data is None:
        return [(offset, data)]
    parts = [(offset, data[:max(0, low - offset)]),
             (max(offset, high), data[max(0, high - offset):])]
    return [p for p in parts if p[1]]


class File:
    def __init__(self, path):
        self.path = path            # where it was made or opened last
        self.sure = bytearray()     # what is certain to be on the disk
        self.pending = []           # (offset, bytes) or (length, None), oldest first
        self.shared = False         # changed through a map as well

    def apply(self, content, offset, data):
        if data is None:
            size = len(content)
            if offset < size:
                del content[offset:]
            else:
                content.extend(bytes(offset - size))
            return
        if len(content) < offset:
            content.extend(bytes(offset - len(content)))
        content[offset:offset + len(data)] = data

    def sync(self):
        for change in self.pending:
            self.apply(self.sure, *change)
        self.pending.clear()

    def all(self):
        content = bytearray(self.sure)
        for change in self.pending:
            self.apply(content, *change)
        return content

    def left(self, rng, mode):
        """The bytes after a crash."""
        content = bytearray(self.sure)
        if not self.pending or mode == 'none':
            return content
        if mode == 'all':
            return self.all()
        way = rng.choice(('none', 'all', 'writes', 'sectors', 'sectors', 'first'))
        share = rng.choice((0.1, 0.5, 0.9))
        stop = rng.randrange(len(self.pending) + 1) if way == 'first' else len(self.pending)
        for offset, data in self.pending[:stop]:
            whole = way in ('all', 'first') or rng.random() < share
            if data is None or way != 'sectors':
                if whole and way != 'none':
                    self.apply(content, offset, data)
                continue
            for at, end in sectors(offset, len(data)):
                if rng.random() < share:
                    self.apply(content, offset + at, data[at:end])
        if rng.random() < 0.3:
            content.extend(bytes(max(0, len(self.all()) - len(content))))
        return content


class Folder:
    def __init__(self, path):
        self.path = path
        self.sure = {}      # name -> File or Folder
        self.now = {}


class Disk:
    """The state while a trace is played."""

    def __init__(self, root):
        self.root = root
        self.top = Folder('')
        self.names = []     # changes of names that are not certain: [(folder, name, node), ...]
        self.open = {}      # descriptor -> node
        self.lie = None     # lie(path, kind): True when that sync is to do nothing

    def load(self, image):
        """Begins with what is certain: an image of another disk."""
        for path, content in image.items():
            folder, name = self.find(self.root + path)
            node = Folder(path) if content is None else File(path)
            if content is not None:
                node.sure += content
            folder.sure[name] = folder.now[name] = node

    def find(self, path):
        """The folder in which a path lies, and its last name."""
        parts = [p for p in path[len(self.root):].split('/') if p]
        folder = self.top
        for part in parts[:-1]:
            folder = folder.now[part]
        return folder, parts[-1] if parts else ''

    def node(self, path):
        folder, name = self.find(path)
        return folder.now[name] if name else folder

    def rename(self, changes):
        for folder, name, node in changes:
            if node is None:
                folder.now.pop(name, None)
            else:
                folder.now[name] = node
        self.names.append(changes)

    def settle(self, changes):
        for folder, name, node in changes:
            if node is None:
                folder.sure.pop(name, None)
            else:
                folder.sure[name] = node

    def sync(self, node, kind):
        if self.lie is not None and self.lie(node.path, kind):
            return
        if isinstance(node, File):
            node.sync()
            return
        rest = []
        for changes in self.names:
            if any(folder is node for folder, _, _ in changes):
                self.settle(changes)
            else:
                rest.append(changes)
        self.names = rest

    def play(self, op):
        getattr(self, 'do_' + op[0])(*op[1:])

    def do_open(self, fd, path, makes, empties):
        folder, name = self.find(path)
        if makes:
            node = File(path[len(self.root):])
            self.rename([(folder, name, node)])
        else:
            node = folder.now[name] if name else folder
            node.path = path[len(self.root):]
        if empties and not makes:
            node.pending.append((0, None))
        self.open[fd] = node

    def do_close(self, fd):
        self.open.pop(fd, None)

    def do_write(self, fd, offset, data):
        self.open[fd].pending.append((offset, data))

    def do_length(self, fd, length):
        self.open[fd].pending.append((length, None))

    def do_durable(self, fd, offset, data):
        """Behind a write to an O_DSYNC descriptor: the pages of that write alone are certain."""
        node = self.open[fd]
        if self.lie is not None and self.lie(node.path, 'write'):
            return
        low, high = offset // PAGE * PAGE, -(-(offset + len(data)) // PAGE) * PAGE
        content = node.all()[low:high]
        node.pending = [part for p in node.pending for part in outside(*p, low, high)]
        node.apply(node.sure, low, bytes(content))

    def do_sync(self, fd):
        self.sync(self.open[fd], 'sync')

    def do_mkdir(self, path):
        folder, name = self.find(path)
        self.rename([(folder, name, Folder(path[len(self.root):]))])

    def do_remove(self, path):
        folder, name = self.find(path)
        self.rename([(folder, name, None)])

    def do_rename(self, source, target, exchange):
        (a, from_name), (b, to_name) = self.find(source), self.find(target)
        node = a.now[from_name]
        other = b.now[to_name] if exchange else None
        self.rename([(a, from_name, other), (b, to_name, node)])

    def do_map(self, fd):
        node = self.open[fd]
        if os.path.basename(node.path) != 'lock.mdb':
            raise Broken('a shared map of ' + node.path)
        node.shared = True

    def do_mark(self, line):
        pass

    def do_failed(self):
        pass

    # --- Images ---------------------------------------------------------------------------------

    def names_left(self, rng, mode):
        if mode in ('none', 'all'):
            return self.names if mode == 'all' else []
        way = rng.choice(('none', 'first', 'first', 'any'))
        if way == 'any':
            return [c for c in self.names if rng.random() < 0.5]
        return self.names[:rng.randrange(len(self.names) + 1)] if way == 'first' else []

    def image(self, rng, mode):
        """{path: bytes, or None for a folder}: mode `none` or `all` of what is not certain, or
        `some`."""
        tree = {}
        for changes in self.names_left(rng, mode):
            for folder, name, node in changes:
                tree.setdefault(id(folder), dict(folder.sure))
                if node is None:
                    tree[id(folder)].pop(name, None)
                else:
                    tree[id(folder)][name] = node
        found = {}
        self.collect(self.top, '', tree, found, rng, mode)
        return found

    def collect(self, folder, path, tree, found, rng, mode):
        for name, node in sorted(tree.get(id(folder), folder.sure).items()):
            where = path + '/' + name
            if isinstance(node, Folder):
                found[where] = None
                self.collect(node, where, tree, found, rng, mode)
            else:
                content = node.left(rng, mode)
                if node.shared and mode == 'some' and rng.random() < 0.5:
                    content = rng.randbytes(len(node.all()))
                found[where] = bytes(content)

    def as_it_is(self, folder=None, path='', found=None):
        """What a program sees that reads now."""
        found = {} if found is None else found
        for name, node in (folder or self.top).now.items():
            where = path + '/' + name
            found[where] = None if isinstance(node, Folder) else bytes(node.all())
            if isinstance(node, Folder):
                self.as_it_is(node, where, found)
        return found


def read(path):
    """The operations of a trace, for Disk.play(); each write to an O_DSYNC descriptor is two."""
    with open(path, 'rb') as f:
        data = f.read()
    at, ops = 0, []
    while at < len(data):
        op, syncs, flags, fd, where, first, second = HEAD.unpack_from(data, at)
        at += HEAD.size
        a, b = data[at:at + first], data[at + first:at + first + second]
        at += first + second
        ops += OPS[chr(op)](syncs, flags, fd, where, a, b)
    return ops


def _unknown(syncs, flags, fd, where, a, b):
    raise Broken('the trace has a ' + a.decode())


def _write(syncs, flags, fd, where, a, b):
    return [('write', fd, where, a)] + ([('durable', fd, where, a)] if syncs else [])


OPS = {
    'O': lambda s, flags, fd, w, a, b: [('open', fd, a.decode(), flags & 1, flags & 2)],
    'C': lambda s, f, fd, w, a, b: [('close', fd)],
    'W': _write,
    'T': lambda s, f, fd, length, a, b: [('length', fd, length)],
    'S': lambda s, f, fd, w, a, b: [('sync', fd)],
    'D': lambda s, f, fd, w, a, b: [('mkdir', a.decode())],
    'U': lambda s, f, fd, w, a, b: [('remove', a.decode())],
    'R': lambda s, flags, fd, w, a, b: [('rename', a.decode(), b.decode(),
                                        bool(flags & RENAME_EXCHANGE))],
    'M': lambda s, f, fd, w, a, b: [('map', fd)],
    'K': lambda s, f, fd, w, a, b: [('mark', a.decode())],
    'F': lambda s, f, fd, w, a, b: [('failed',)],
    '?': _unknown,
}


def answers(ops):
    return [op[1] for op in ops if op[0] == 'mark']


def write_out(image, folder):
    os.makedirs(folder, 0o700)
    for path, content in image.items():
        if content is None:
            os.mkdir(folder + path, 0o700)
            continue
        fd = os.open(folder + path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.write(fd, content)
        finally:
            os.close(fd)


def digest(image, n_answers):
    h = hashlib.blake2b(str(n_answers).encode())
    for path, content in image.items():
        h.update(path.encode() + b'\0' + str(content and len(content)).encode() + b'\0')
        h.update(content or b'')
    return h.digest()


def images(ops, root, seed, draws, start=0, lie=None, first=None):
    """
    Yields (name, image, number of answers) for the moment behind each operation from `start` on,
    and before the first: nothing of what is not certain, all of it, and some, drawn so many times.
    No image comes twice. `name` with the seed names it for ever. `lie` holds from `start` on.
    `first`: the image with which the disk began, and the number of answers by then.
    """
    disk, given, seen = Disk(root), 0, set()
    if first is not None:
        disk.load(first[0])
        given = first[1]
    for k in range(len(ops) + 1):
        disk.lie = lie if k >= start else None
        if k > 0:
            disk.play(ops[k - 1])
            given += ops[k - 1][0] == 'mark'
        if k < start:
            continue
        for v in range(draws + 2):
            rng = random.Random(f'{seed}/{k}/{v}')
            image = disk.image(rng, ('none', 'all')[v] if v < 2 else 'some')
            key = digest(image, given)
            if key not in seen:
                seen.add(key)
                yield f'{k}.{v}', image, given
