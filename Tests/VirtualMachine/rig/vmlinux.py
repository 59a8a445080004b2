"""vmlinux.py BZIMAGE OUT: the kernel inside a bzImage, which QEMU starts directly (PVH)."""
import lzma
import pathlib
import struct
import sys

image = pathlib.Path(sys.argv[1]).read_bytes()
# Documentation/arch/x86/boot.rst: setup_sects, payload_offset, payload_length.
start = ((image[0x1F1] or 4) + 1) * 512 + struct.unpack_from("<I", image, 0x248)[0]
payload = image[start : start + struct.unpack_from("<I", image, 0x24C)[0]]
try:
    kernel = lzma.LZMADecompressor(format=lzma.FORMAT_XZ).decompress(payload)
except lzma.LZMAError:
    kernel = image  # Compressed in another way: the kernel unpacks itself.
pathlib.Path(sys.argv[2]).write_bytes(kernel)
