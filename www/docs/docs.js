// SPDX-License-Identifier: MIT
// Starts Swagger UI with the addresses that the page names.
"use strict";

const page = document.getElementById("swagger-ui").dataset;

SwaggerUIBundle({
	url: page.url,
	dom_id: "#swagger-ui",
	layout: "BaseLayout",
	deepLinking: true,
	showExtensions: true,
	showCommonExtensions: true,
	oauth2RedirectUrl: window.location.origin + page.redirect,
	presets: [SwaggerUIBundle.presets.apis],
});
