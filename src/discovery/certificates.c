/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and dates of Certificates.
 *
 * spec.commonName is not taken: cert-manager does not copy it into the names
 * of the certificate, and no client looks at it.
 */
#include <config.h>

#include "discovery/certificates.h"

#include "base/clock.h"
#include "discovery/names.h"
#include "discovery/object.h"

int certificate_object_read(struct json_object *item,
			    const struct domain_objects *objects,
			    struct found *found, struct error *err)
{
	struct json_object *spec = object_member(item, "spec");
	const char *text = name_text(
		object_member(object_member(item, "status"), "notBefore"));
	struct wall_time start;
	int64_t not_before = 0;
	int r = object_check_kind(item, "Certificate", err);

	(void)objects;
	if (r < 0)
		return r;
	if (text != NULL && wall_parse(text, &start) && start.ms > 0)
		not_before = wall_seconds(start);
	r = names_add_all(object_member(spec, "dnsNames"), not_before, found,
			  NULL, err);
	if (r < 0)
		return r;
	return names_add_all(object_member(spec, "ipAddresses"), not_before,
			     found, NULL, err);
}
