/* SPDX-License-Identifier: GPL-2.0-only */
/* The one kind of map that several stages have. */
#pragma once

/* An array that the daemon makes, maps and lends to every copy of the program. */
#define SHARED_ARRAY(map_name, map_value)                           \
	struct {                                                    \
		__uint(type, BPF_MAP_TYPE_ARRAY);                   \
		__uint(map_flags, BPF_F_MMAPABLE);                  \
		__uint(max_entries, 1); /* the daemon makes them */ \
		__type(key, __u32);                                 \
		__type(value, map_value);                           \
	} map_name SEC(".maps")
