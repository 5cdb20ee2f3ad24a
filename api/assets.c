/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/assets.h"

/* The assembler puts the files in; make knows that this object depends on them. */
#define EMBED(name, file) \
    __asm__(".section .rodata\n" \
            ".global asset_" name "_bytes\n.global asset_" name "_end\n" \
            "asset_" name "_bytes:\n.incbin \"" file "\"\n" \
            "asset_" name "_end:\n.byte 0\n.previous\n")

EMBED("openapi", "api/openapi.json");
EMBED("index", "api/index.html");

extern const char asset_openapi_bytes[], asset_openapi_end[];
extern const char asset_index_bytes[], asset_index_end[];

struct asset asset_openapi(void)
{
    return (struct asset){asset_openapi_bytes, asset_openapi_end};
}

struct asset asset_index(void)
{
    return (struct asset){asset_index_bytes, asset_index_end};
}
