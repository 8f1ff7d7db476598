/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where each flow went, kept in a file of JSON lines from one run of `flows` to the next: first
 * what the flow numbers mean, then the receivers, then a line per flow.
 */
#ifndef LAB_FLOWS_MEMORY_H
#define LAB_FLOWS_MEMORY_H

#include "flows_place.h"
#include "flows_seen.h"

struct former {
	char name[PLACE_BYTES];
	int now; /* the receiver of that name, NOWHERE if it is none any more */
	uint64_t kept;
	uint64_t moved;
	uint64_t unseen;
};

struct memory {
	struct former former[RECEIVERS_MAX];
	unsigned int formers;
};

static struct memory memory;

static inline void memory_head(char *ret, size_t size, const struct mix *m)
{
	snprintf(ret, size,
		 "{\"seed\":%" PRIu64 ",\"family\":\"%s\",\"proto\":\"%s\",\"tags\":\"%s\"}\n",
		 m->seed, family_names[m->family], proto_names[m->proto], tags_names[m->tags]);
}

static inline int memory_save(const char *path, const struct mix *m)
{
	FILE *out = fopen(path, "we");
	char head[256];

	if (!out)
		return -errno;
	memory_head(head, sizeof(head), m);
	fputs(head, out);
	for (unsigned int i = 0; i < seen.receivers; i++)
		fprintf(out, "{\"receiver\":%u,\"to\":\"%s\"}\n", i, seen.receiver[i].name);
	for (uint32_t i = 0; i < seen.flows; i++)
		if (seen.connection[i].home != NOWHERE)
			fprintf(out, "{\"flow\":%u,\"receiver\":%d}\n", seen.first_flow + i,
				seen.connection[i].home);
	return fclose(out) ? -errno : 0;
}

static inline int memory_add_former(unsigned int number, const char *name)
{
	struct former *f = &memory.former[memory.formers];

	if (number != memory.formers || number == RECEIVERS_MAX)
		return -EBADMSG;
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->now = NOWHERE;
	for (unsigned int i = 0; i < seen.receivers; i++)
		if (!strcmp(name, seen.receiver[i].name))
			f->now = (int)i;
	memory.formers++;
	return 0;
}

/* A flow that this run did not send says nothing. */
static inline int memory_compare_flow(uint32_t flow, unsigned int receiver)
{
	struct former *f;
	int home;

	if (receiver >= memory.formers)
		return -EBADMSG;
	if (flow < seen.first_flow || flow - seen.first_flow >= seen.flows)
		return 0;
	f = &memory.former[receiver];
	home = seen.connection[flow - seen.first_flow].home;
	if (home == NOWHERE)
		f->unseen++;
	else if (home == f->now)
		f->kept++;
	else
		f->moved++;
	return 0;
}

static inline int memory_take_line(const char *line)
{
	char name[PLACE_BYTES];
	unsigned int a, b;

	if (sscanf(line, "{\"receiver\":%u,\"to\":\"%127[^\"]\"}", &a, name) == 2)
		return memory_add_former(a, name);
	if (sscanf(line, "{\"flow\":%u,\"receiver\":%u}", &a, &b) == 2)
		return memory_compare_flow(a, b);
	return -EBADMSG;
}

/* -EBADMSG: no such file of ours, or one whose flow numbers mean other connections. */
static inline int memory_compare(FILE *in, const struct mix *m)
{
	char head[256], line[256];
	int r = 0;

	memory_head(head, sizeof(head), m);
	if (!fgets(line, sizeof(line), in) || strcmp(line, head))
		return -EBADMSG;
	while (!r && fgets(line, sizeof(line), in))
		r = memory_take_line(line);
	return r;
}

static inline void memory_print(void)
{
	uint64_t moved = 0, compared = 0;

	for (unsigned int i = 0; i < memory.formers; i++) {
		moved += memory.former[i].moved;
		compared += memory.former[i].kept + memory.former[i].moved;
	}
	printf(",\"compared\":%" PRIu64 ",\"moved\":%" PRIu64 ",\"former\":[", compared, moved);
	for (unsigned int i = 0; i < memory.formers; i++) {
		const struct former *f = &memory.former[i];

		printf("%s{\"to\":\"%s\",\"kept\":%" PRIu64 ",\"moved\":%" PRIu64
		       ",\"unseen\":%" PRIu64 "}",
		       i ? "," : "", f->name, f->kept, f->moved, f->unseen);
	}
	putchar(']');
}

#endif
