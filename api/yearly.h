/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The yearly statements on paper (api/paper.h): what of their JSON is shown, under which words. */
#ifndef SEM_API_YEARLY_H
#define SEM_API_YEARLY_H

#include "api/paper.h"

extern const struct paper_section yearly_org_sections[];
extern const struct paper_section yearly_network_sections[];

#endif
