/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the traffic tools share: clock, sleep, numbers and addresses of the command line,
 * complaints. Each tool says TOOL_NAME before it includes this.
 */
#ifndef LAB_TOOL_H
#define LAB_TOOL_H

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static inline uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static inline void sleep_ns(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / 1000000000ull),
			      .tv_nsec = (long)(ns % 1000000000ull) };

	nanosleep(&t, NULL);
}

__attribute__((noreturn)) static inline void die(const char *what)
{
	fprintf(stderr, TOOL_NAME ": %s: %s\n", what, strerror(errno));
	exit(1);
}

__attribute__((noreturn)) static inline void die_usage(const char *what, const char *value)
{
	fprintf(stderr, TOOL_NAME ": %s '%s'; see " TOOL_NAME " --help\n", what, value);
	exit(2);
}

static inline uint64_t number_parse(const char *text, uint64_t min, uint64_t max)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || value < min || value > max) {
		fprintf(stderr,
			TOOL_NAME ": expected a number from %" PRIu64 " to %" PRIu64 ", got '%s'\n",
			min, max, text);
		exit(2);
	}
	return value;
}

static inline double real_parse(const char *text, double least, double most)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= least && value <= most))
		die_usage("not a number as expected here:", text);
	return value;
}

/* Which of `words`, that end with NULL. */
static inline unsigned int word_parse(const char *text, const char *const *words)
{
	unsigned int i = 0;

	while (words[i] && strcmp(words[i], text))
		i++;
	if (!words[i])
		die_usage("not a word known here:", text);
	return i;
}

/* 192.0.2.1:PORT or [2001:db8::1]:PORT. Numbers only: a name would ask the network. */
static inline socklen_t address_parse(const char *text, unsigned int port_offset,
				      struct sockaddr_storage *ret)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = SOCK_DGRAM };
	const char *colon = strrchr(text, ':');
	const char *host = text[0] == '[' ? text + 1 : text;
	struct addrinfo *info;
	char copy[128], port[16];
	socklen_t len;

	if (!colon || colon - host >= (long)sizeof(copy) || colon <= host)
		die_usage("expected ADDRESS:PORT or [ADDRESS]:PORT, got", text);
	snprintf(copy, sizeof(copy), "%.*s", (int)(colon - host - (text[0] == '[')), host);
	snprintf(port, sizeof(port), "%lu",
		 strtoul(colon + 1, NULL, 10) + (colon[1] == '0' ? 0 : port_offset));
	if (getaddrinfo(copy, port, &hints, &info))
		die_usage("not a numeric address:", text);
	memcpy(ret, info->ai_addr, info->ai_addrlen);
	len = info->ai_addrlen;
	freeaddrinfo(info);
	return len;
}

static inline void socket_set_buffer(int fd, int forced, int plain)
{
	int bytes = 16 << 20;

	if (setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof(bytes)))
		(void)setsockopt(fd, SOL_SOCKET, plain, &bytes, sizeof(bytes));
}

#endif
