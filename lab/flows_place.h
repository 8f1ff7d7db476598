/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NAMESPACE:INTERFACE, and packet sockets there: a socket stays in the namespace it was made in, so
 * one process holds ends of the network that know nothing of each other.
 */
#ifndef LAB_FLOWS_PLACE_H
#define LAB_FLOWS_PLACE_H

#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <unistd.h>

#include "tool.h"

#define PLACE_BYTES 128

static inline int namespace_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(path);
	return fd;
}

static inline void namespace_enter(int fd)
{
	if (setns(fd, CLONE_NEWNET))
		die("setns");
	close(fd);
}

static inline int packet_socket_open(const char *interface, uint16_t protocol)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET,
				 .sll_protocol = htons(protocol),
				 .sll_ifindex = (int)if_nametoindex(interface) };
	struct packet_mreq promiscuous = { .mr_ifindex = a.sll_ifindex, .mr_type = PACKET_MR_PROMISC };
	int one = 1, fd;

	if (!a.sll_ifindex)
		die_usage("no such interface:", interface);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("AF_PACKET socket");
	socket_set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
	socket_set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
	(void)setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	(void)setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one));
	(void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)))
		die(interface);
	if (protocol)
		(void)setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous,
				 sizeof(promiscuous));
	return fd;
}

/* The namespace is one of /run/netns. Places are printed as JSON and must need no escapes. */
static inline const char *place_interface(const char *place)
{
	const char *colon = strchr(place, ':');

	if (!colon || colon == place || !colon[1] || strlen(place) >= PLACE_BYTES ||
	    strpbrk(place, "\"\\/"))
		die_usage("expected NAMESPACE:INTERFACE, got", place);
	return colon + 1;
}

/* Answers the way back, for namespace_enter(). */
static inline int place_enter(const char *place)
{
	int home = namespace_open("/proc/self/ns/net"),
	    name_len = (int)(place_interface(place) - place) - 1;
	char path[PLACE_BYTES + sizeof("/run/netns/")];

	snprintf(path, sizeof(path), "/run/netns/%.*s", name_len, place);
	namespace_enter(namespace_open(path));
	return home;
}

static inline int place_open(const char *place, uint16_t protocol)
{
	int home = place_enter(place), fd;

	fd = packet_socket_open(place_interface(place), protocol);
	namespace_enter(home);
	return fd;
}

#endif
