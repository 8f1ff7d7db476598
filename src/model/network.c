/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/network.h"

void net_device_free(struct net_device *device)
{
	free(device->id);
	free(device->name);
	free(device->mac);
	free(device->comment);
	vec_free(&device->addresses);
}

void net_circuit_free(struct net_circuit *circuit)
{
	free(circuit->id);
	free(circuit->name);
	free(circuit->parent);
	free(circuit->leaf.down);
	free(circuit->leaf.up);
	vec_foreach(&circuit->devices, device)
		net_device_free(device);
	vec_free(&circuit->devices);
	*circuit = (struct net_circuit){ 0 };
}

void network_free(struct network *network)
{
	vec_foreach(&network->nodes, node) {
		free(node->name);
		free(node->type);
	}
	vec_free(&network->nodes);
	vec_foreach(&network->circuits, circuit)
		net_circuit_free(circuit);
	vec_free(&network->circuits);
}

int network_find_node(const struct network *network, const char *name)
{
	for (size_t i = 0; i < network->nodes.n; i++)
		if (!strcmp(network->nodes.at[i].name, name))
			return (int)i;
	return -1;
}

int network_find_circuit(const struct network *network, const char *id)
{
	for (size_t i = 0; i < network->circuits.n; i++)
		if (!strcmp(network->circuits.at[i].id, id))
			return (int)i;
	return -1;
}
