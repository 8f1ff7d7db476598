/* SPDX-License-Identifier: GPL-2.0-only */
/* The classes of a device by their handle, and the numbers of its leaves. */
#include "shaper/apply_private.h"

#define BUCKETS_LEAST 256
#define MAJORS 65536
#define LISTS 16 /* of the kernel, for a device's qdiscs */

struct shaper_device *shaper_device_new(unsigned ifindex, const char *name)
{
	struct shaper_device *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return NULL;
	dev->ifindex = ifindex;
	(void)snprintf(dev->name, sizeof(dev->name), "%s", name);
	dev->taken = calloc(1, MAJORS / 8);
	dev->n_buckets = BUCKETS_LEAST;
	dev->buckets = calloc(dev->n_buckets, sizeof(struct shaper_class *));
	if (dev->taken && dev->buckets)
		return dev;
	shaper_device_free(dev);
	return NULL;
}

static void drop_classes(struct shaper_device *dev)
{
	vec_foreach(&dev->list, cls)
		free(*cls);
	vec_free(&dev->list);
	dev->loose = 0;
}

void shaper_device_free(struct shaper_device *dev)
{
	if (!dev)
		return;
	drop_classes(dev);
	free(dev->taken);
	free(dev->buckets);
	free(dev);
}

void shaper_device_forget(struct shaper_device *dev)
{
	drop_classes(dev);
	memset(dev->buckets, 0, dev->n_buckets * sizeof(*dev->buckets));
	memset(dev->taken, 0, MAJORS / 8);
	memset(dev->htb, 0, sizeof(dev->htb));
	memset(dev->htb_made, 0, sizeof(dev->htb_made));
	dev->known = dev->root = dev->root_made = dev->misfit = dev->crowded = false;
	dev->sharing = false;
	dev->next_leaf = 0;
	dev->shun = 0;
}

/* --- the table -------------------------------------------------------------------------------- */

static struct shaper_class **bucket_of(const struct shaper_device *dev, uint32_t handle)
{
	return &dev->buckets[(handle * UINT32_C(0x9e3779b1) >> 7) & (dev->n_buckets - 1)];
}

struct shaper_class *shaper_class_find(const struct shaper_device *dev, uint32_t handle)
{
	struct shaper_class *cls = *bucket_of(dev, handle);

	while (cls && cls->handle != handle)
		cls = cls->next;
	return cls;
}

static void put_in_bucket(struct shaper_device *dev, struct shaper_class *cls)
{
	struct shaper_class **bucket = bucket_of(dev, cls->handle);

	cls->next = *bucket;
	*bucket = cls;
}

/* Without memory the buckets are only longer. */
static void grow(struct shaper_device *dev)
{
	struct shaper_class **more;

	if (dev->list.n <= dev->n_buckets)
		return;
	more = calloc(dev->n_buckets * 4, sizeof(struct shaper_class *));
	if (!more)
		return;
	free(dev->buckets);
	dev->buckets = more;
	dev->n_buckets *= 4;
	vec_foreach(&dev->list, cls)
		put_in_bucket(dev, *cls);
}

struct shaper_class *shaper_class_add(struct shaper_device *dev, uint32_t handle, uint32_t parent,
				      enum shaper_state state)
{
	struct shaper_class *cls = calloc(1, sizeof(*cls));

	if (!cls)
		return NULL;
	*cls = (struct shaper_class){
		.handle = handle, .parent = parent, .state = state, .parts = 1, .at = dev->list.n
	};
	if (vec_push(&dev->list, cls)) {
		free(cls);
		return NULL;
	}
	dev->loose += state != SHAPER_LIVE;
	put_in_bucket(dev, cls);
	grow(dev);
	return cls;
}

void shaper_class_remove(struct shaper_device *dev, struct shaper_class *cls)
{
	struct shaper_class **at = bucket_of(dev, cls->handle);

	while (*at != cls)
		at = &(*at)->next;
	*at = cls->next;
	dev->list.at[cls->at] = dev->list.at[--dev->list.n];
	dev->list.at[cls->at]->at = cls->at;
	dev->loose -= cls->state != SHAPER_LIVE;
	shaper_leaf_give_back(dev, cls->leaf);
	free(cls);
}

void shaper_class_set_state(struct shaper_device *dev, struct shaper_class *cls,
			    enum shaper_state state)
{
	dev->loose -= cls->state != SHAPER_LIVE;
	dev->loose += state != SHAPER_LIVE;
	cls->state = state;
}

unsigned shaper_class_depth(const struct shaper_device *dev, const struct shaper_class *cls)
{
	unsigned depth = 0;

	while (depth < SHAPER_CLASS_DEPTH && (cls = shaper_class_find(dev, cls->parent)))
		depth++;
	return depth;
}

/* --- leaves ----------------------------------------------------------------------------------- */

void shaper_leaf_take(struct shaper_device *dev, uint32_t handle)
{
	dev->taken[handle >> 19] |= (uint8_t)(1u << (handle >> 16 & 7));
}

void shaper_leaf_give_back(struct shaper_device *dev, uint32_t handle)
{
	if (!handle)
		return;
	dev->taken[handle >> 19] &= (uint8_t) ~(1u << (handle >> 16 & 7));
	dev->crowded = false;
}

static bool leaf_free(const struct shaper_device *dev, unsigned major)
{
	return !(dev->taken[major >> 3] & 1u << (major & 7)) && major != SHAPER_MQ_HANDLE >> 16 &&
	       major != MAJORS - 1;
}

static uint32_t next_number(struct shaper_device *dev, uint16_t shun)
{
	const unsigned first = SHAPER_MAJORS;

	for (unsigned tries = first; tries < MAJORS; tries++) {
		unsigned major = MAX(dev->next_leaf, first);

		dev->next_leaf = major + 1 < MAJORS ? major + 1 : first;
		if (leaf_free(dev, major) && !(shun & 1u << nl_qdisc_bucket(major << 16)))
			return major << 16;
	}
	return 0;
}

/* The kernel finds an htb fast where no leaves are in its list; see nl_qdisc_bucket(). */
static uint16_t lists_of_htb(const struct shaper_device *dev)
{
	uint32_t lists = 1u << nl_qdisc_bucket(0); /* leaves without a number */

	if (dev->mq)
		lists |= 1u << nl_qdisc_bucket(SHAPER_MQ_HANDLE);
	for (uint32_t major = 1; major < SHAPER_MAJORS; major++)
		if (dev->htb[major])
			lists |= 1u << nl_qdisc_bucket(major << 16);
	return lists == (1u << LISTS) - 1 ? 0 : (uint16_t)lists;
}

uint32_t shaper_leaf_number(struct shaper_device *dev)
{
	uint32_t handle;

	if (!dev->shun)
		dev->shun = lists_of_htb(dev);
	handle = dev->crowded ? 0 : next_number(dev, dev->shun);
	if (!handle) {
		dev->crowded = true;
		handle = next_number(dev, 0);
	}
	if (handle)
		shaper_leaf_take(dev, handle);
	return handle;
}
