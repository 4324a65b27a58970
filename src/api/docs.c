/* SPDX-License-Identifier: MIT */
/* The pages that show the API's description: Swagger UI and ReDoc. */
#include "api/openapi.h"

#include <string.h>
#include <unistd.h>

#include "http/html.h"

/* Scripts and styles are files of ours, and the rest of the world is out. */
#define POLICY                                                                 \
	"default-src 'none'; base-uri 'none'; form-action 'self'; "            \
	"frame-ancestors 'none'; connect-src 'self'; script-src 'self'; "      \
	"img-src 'self' data:; "
#define SWAGGER_POLICY POLICY "style-src 'self'"
/*
 * ReDoc makes empty style elements, which it fills by calls that no policy
 * minds, and one that holds what the second hash is of; it searches in a
 * worker of its own. The hashes go with the version in docs-assets.sh.
 */
#define REDOC_POLICY                                                           \
	POLICY "style-src 'self' "                                             \
	       "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' "        \
	       "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='; "       \
	       "worker-src blob:"

#define HEAD                                                                   \
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"                        \
	"<meta charset=\"utf-8\">\n"                                           \
	"<meta name=\"viewport\" "                                             \
	"content=\"width=device-width, initial-scale=1.0\">\n"                 \
	"<link rel=\"shortcut icon\" href=\"@mount@/docs/favicon-32x32.png\">\n"

static const char docs_page[] =
	HEAD "<link rel=\"stylesheet\" href=\"@mount@/docs/swagger-ui.css\">\n"
	     "<title>@title@ - Swagger UI</title>\n</head>\n<body>\n"
	     "<div id=\"swagger-ui\" data-url=\"@mount@/openapi.json\" "
	     "data-redirect=\"@mount@/docs/oauth2-redirect\"></div>\n"
	     "<script src=\"@mount@/docs/swagger-ui-bundle.js\"></script>\n"
	     "<script src=\"@mount@/docs/docs.js\"></script>\n"
	     "</body>\n</html>\n";

static const char redirect_page[] =
	HEAD "<title>@title@ - OAuth2 Redirect</title>\n</head>\n<body>\n"
	     "<script src=\"@mount@/docs/oauth2-redirect.js\"></script>\n"
	     "</body>\n</html>\n";

static const char redoc_page[] =
	HEAD "<link rel=\"stylesheet\" href=\"@mount@/docs/redoc.css\">\n"
	     "<title>@title@ - ReDoc</title>\n</head>\n<body>\n"
	     "<noscript>ReDoc needs JavaScript.</noscript>\n"
	     "<redoc spec-url=\"@mount@/openapi.json\"></redoc>\n"
	     "<script src=\"@mount@/docs/redoc.standalone.js\"></script>\n"
	     "</body>\n</html>\n";

bool
docs_has_files(struct arena *mem, const struct config *conf,
	       enum docs_page page)
{
	static const char *const files[] = {
		[PAGE_DOCS] = "docs/swagger-ui-bundle.js",
		[PAGE_REDOC] = "docs/redoc.standalone.js",
	};
	const char *folder =
		*conf->openapi.www != '\0' ? conf->openapi.www : WWW_FOLDER;

	return access(arena_printf(mem, "%s/%s", folder, files[page]), F_OK) ==
	       0;
}

static enum err
send_page(struct call *c, const char *page, const char *policy)
{
	const struct html_value values[] = {
		{"@mount@", c->rq->mount},
		{"@title@", c->api->conf->openapi.api_title},
	};

	c->rs->content_security = policy;
	c->rs->status = c->route->status;
	resp_header(c->rs, "Content-Type", "text/html; charset=utf-8");
	html_write(&c->rs->body, page, values, countof(values));
	return OK;
}

/* GET /docs: 200 with the page of Swagger UI. */
enum err
get_docs(struct call *c)
{
	return send_page(c, docs_page, SWAGGER_POLICY);
}

/* GET /docs/oauth2-redirect: 200 with the page that a provider returns to. */
enum err
get_docs_redirect(struct call *c)
{
	return send_page(c, redirect_page, SWAGGER_POLICY);
}

/* GET /redoc: 200 with the page of ReDoc. */
enum err
get_redoc(struct call *c)
{
	return send_page(c, redoc_page, REDOC_POLICY);
}
