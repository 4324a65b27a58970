/* SPDX-License-Identifier: MIT */
#include "http/response.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define RETRY_AFTER_SECONDS 2

struct reason {
	int status;
	const char *phrase;
};

static const struct reason reasons[] = {
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{204, "No Content"},
	{303, "See Other"},
	{304, "Not Modified"},
	{307, "Temporary Redirect"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{409, "Conflict"},
	{412, "Precondition Failed"},
	{413, "Content Too Large"},
	{422, "Unprocessable Content"},
	{429, "Too Many Requests"},
	{500, "Internal Server Error"},
	{503, "Service Unavailable"},
};

/* An API's answers are never framed, sniffed or referred to, and unless it
 * says otherwise never cached. */
static const char fixed_headers[] = "X-Content-Type-Options: nosniff\r\n"
				    "Referrer-Policy: ";
static const char no_content[] = "default-src 'none'; frame-ancestors 'none'";

const char *
resp_reason(int status)
{
	for (size_t i = 0; i < countof(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].phrase;
	return "Unknown";
}

void
resp_init(struct resp *rs, struct arena *mem)
{
	*rs = (struct resp){
		.mem = mem,
		.status = 200,
		.cache_control = "no-store",
		.content_security = no_content,
		.referrer = "no-referrer",
	};
	buf_init(&rs->headers, mem, 512);
	buf_init(&rs->body, mem, 512);
}

static bool
is_header_value(const char *value)
{
	for (; *value != '\0'; value++)
		if ((unsigned char)*value < ' ' || *value == 0x7f)
			return false;
	return true;
}

void
resp_header(struct resp *rs, const char *name, const char *value)
{
	if (!is_header_value(value))
		abort();
	buf_text(&rs->headers, name);
	buf_text(&rs->headers, ": ");
	buf_text(&rs->headers, value);
	buf_text(&rs->headers, "\r\n");
}

void
resp_json(struct resp *rs, int status)
{
	rs->status = status;
	buf_reset(&rs->body);
	resp_header(rs, "Content-Type", "application/json");
}

void
resp_empty(struct resp *rs, int status)
{
	rs->status = status;
	buf_reset(&rs->body);
}

void
resp_detail(struct resp *rs, const char *json)
{
	rs->detail = json;
}

void
resp_failure(struct resp *rs, enum err e)
{
	resp_empty(rs, err_status(e));
	if (rs->status == 503 || rs->status == 429 || rs->status == 409)
		resp_header(
			rs, "Retry-After",
			arena_printf(
				rs->mem, "%lld",
				(long long)(rs->retry_after > 0
						    ? rs->retry_after
						    : RETRY_AFTER_SECONDS)));
}

void
resp_problem(struct resp *rs, enum err e)
{
	resp_failure(rs, e);
	resp_json(rs, rs->status);
	buf_text(&rs->body, "{\"detail\":");
	if (rs->detail != NULL)
		buf_text(&rs->body, rs->detail);
	else
		json_write_text(&rs->body, err_detail(e));
	buf_char(&rs->body, '}');
}

/* RFC 9110, section 8.6: these never have a body. */
static bool
may_have_body(int status)
{
	return status != 204 && status != 304 && status >= 200;
}

void
resp_write(const struct resp *rs, struct buf *out)
{
	buf_text(out, "Status: ");
	buf_number(out, rs->status);
	buf_char(out, ' ');
	buf_text(out, resp_reason(rs->status));
	buf_text(out, "\r\n");
	buf_add(out, rs->headers.data, rs->headers.len);
	if (rs->is_bare) {
		buf_text(out, "\r\n");
		return;
	}
	buf_text(out, fixed_headers);
	buf_text(out, rs->referrer);
	buf_text(out, "\r\nCache-Control: ");
	buf_text(out, rs->cache_control);
	buf_text(out, "\r\nContent-Security-Policy: ");
	buf_text(out, rs->content_security);
	buf_text(out, "\r\n");
	if (may_have_body(rs->status)) {
		buf_text(out, "Content-Length: ");
		buf_number(out, (int64_t)rs->body.len);
		buf_text(out, "\r\n");
	}
	buf_text(out, "\r\n");
	if (!rs->head_only)
		buf_add(out, rs->body.data, rs->body.len);
}
