/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Setting options of libcurl.
 */
#ifndef CEM_KUBE_CURL_SET_H
#define CEM_KUBE_CURL_SET_H

#include <curl/curl.h>

#include "base/error.h"

/* Sets an option that libcurl can refuse only for want of memory, or because
 * it was built without the feature; then the function, which has `err`,
 * returns. */
#define SET(curl, option, value)                                               \
	do {                                                                   \
		CURLcode set_ = curl_easy_setopt(curl, option, value);         \
                                                                               \
		if (set_ != CURLE_OK)                                          \
			return error_set(err, ERROR_SYSTEM, "libcurl: %s: %s", \
					 #option, curl_easy_strerror(set_));   \
	} while (0)

#endif
