/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Files of this folder that are part of the program. */
#ifndef SEM_API_ASSETS_H
#define SEM_API_ASSETS_H

#include <stddef.h>

struct asset {
    const char *bytes, *end;
};

struct asset asset_openapi(void);
struct asset asset_index(void);

#endif
