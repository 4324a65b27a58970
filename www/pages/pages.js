// SPDX-License-Identifier: MIT
// What makes the pages pleasanter. All of them work without it.

const texts = document.body.dataset;
const PAUSE = 250; // milliseconds without a key before the server is asked

// A button in the field shows a password, and hides it again.
function addShow(input) {
	const wrap = document.createElement("div");
	const button = document.createElement("button");

	wrap.className = "reveal";
	button.type = "button";
	button.className = "show";
	button.textContent = texts.show;
	button.setAttribute("aria-controls", input.id);
	button.setAttribute("aria-pressed", "false");
	input.replaceWith(wrap);
	wrap.append(input, button);
	button.addEventListener("click", () => {
		const show = input.type === "password";

		input.type = show ? "text" : "password";
		button.textContent = show ? texts.hide : texts.show;
		button.setAttribute("aria-pressed", String(show));
	});
	// A password manager looks for a password.
	input.form.addEventListener("submit", () => {
		input.type = "password";
	});
}

// The server's own verdict about a new password, as it is typed.
function addStrength(input) {
	const meter = document.createElement("p");
	let timer;
	let asked = 0;

	meter.className = "strength";
	meter.setAttribute("role", "status");
	input.closest(".field").append(meter);

	function show(word) {
		meter.dataset.level = word;
		meter.textContent = texts[word] ?? "";
	}

	async function ask() {
		const turn = ++asked;
		let word = "";

		if (input.value !== "") {
			try {
				const answer = await fetch(texts.strength, {
					method: "POST",
					body: new URLSearchParams({
						password: input.value,
					}),
				});

				word = answer.ok ? await answer.json() : "";
			} catch {
				word = "";
			}
		}
		if (turn === asked)
			show(word);
	}

	input.addEventListener("input", () => {
		clearTimeout(timer);
		timer = setTimeout(ask, PAUSE);
	});
}

function faultOf(input) {
	if (input.validity.valid)
		return "";
	if (input.validity.valueMissing)
		return texts.missing;
	return input.type === "email" ? texts.email : texts.invalid;
}

function tell(input, fault) {
	const id = input.id + "-fault";
	let place = document.getElementById(id);
	const others = (input.getAttribute("aria-describedby") ?? "")
		.split(" ").filter((other) => other && other !== id);

	if (fault === "") {
		place?.remove();
		input.removeAttribute("aria-invalid");
	} else {
		if (!place) {
			place = document.createElement("div");
			place.id = id;
			place.className = "fault";
			input.closest(".field").append(place);
		}
		place.textContent = fault;
		input.setAttribute("aria-invalid", "true");
		others.push(id);
	}
	if (others.length > 0)
		input.setAttribute("aria-describedby", others.join(" "));
	else
		input.removeAttribute("aria-describedby");
}

// Says what is wrong when a field is left, and takes it back as soon as it is
// right; a form with faults is not sent.
function addFaults(form) {
	const inputs = [...form.querySelectorAll(
		".field input:not([type=hidden]), .field select")];

	form.noValidate = true;
	for (const input of inputs) {
		input.addEventListener("change", () => tell(input, faultOf(input)));
		input.addEventListener("input", () => {
			if (input.hasAttribute("aria-invalid") && faultOf(input) === "")
				tell(input, "");
		});
	}
	form.addEventListener("submit", (event) => {
		for (const input of inputs)
			tell(input, faultOf(input));
		const first = inputs.find((input) => faultOf(input) !== "");

		if (first) {
			first.focus();
			event.preventDefault();
		}
	});
}

// A second press of the button while the first is on its way sends nothing.
function sendOnce(form) {
	let sent = false;

	form.addEventListener("submit", (event) => {
		if (event.defaultPrevented)
			return;
		if (sent)
			event.preventDefault();
		sent = true;
		event.submitter?.setAttribute("aria-disabled", "true");
	});
	// Whoever comes back to the page may send it again.
	window.addEventListener("pageshow", () => {
		sent = false;
		form.querySelector("[aria-disabled]")
			?.removeAttribute("aria-disabled");
	});
}

// The same page from elsewhere in its list: only what differs is put in place.
async function swap(address) {
	try {
		const answer = await fetch(address);
		const page = new DOMParser().parseFromString(
			await answer.text(), "text/html");
		const parts = [...document.querySelectorAll("[data-swap]")];
		const fresh = parts.map((part) => page.getElementById(part.id));

		if (!answer.ok || answer.redirected || fresh.includes(null))
			throw new Error("another page");
		parts.forEach((part, i) =>
			part.replaceChildren(...fresh[i].childNodes));
		history.pushState(null, "", address);
	} catch {
		location.assign(address);
	}
}

// A list is looked through without loading the page again.
function addSwap(list) {
	const form = document.querySelector("form.filters");

	form.addEventListener("submit", (event) => {
		const asked = [...new FormData(form)].filter(([, value]) => value);

		event.preventDefault();
		swap(`${form.action}?${new URLSearchParams(asked)}`);
	});
	form.addEventListener("change", (event) => {
		if (event.target.tagName === "SELECT")
			form.requestSubmit();
	});
	list.addEventListener("click", async (event) => {
		const link = event.target.closest(".steps a");

		if (!link || event.ctrlKey || event.metaKey || event.shiftKey)
			return;
		event.preventDefault();
		await swap(link.href);
		list.focus();
		list.scrollIntoView();
	});
	window.addEventListener("popstate", () => location.reload());
}

document.querySelectorAll("#list").forEach(addSwap);
document.querySelectorAll("input[type=password]").forEach((input) => {
	if (input.autocomplete === "new-password")
		addStrength(input);
	addShow(input);
});
document.querySelectorAll("form.main").forEach(addFaults);
document.querySelectorAll("form[method=post]").forEach(sendOnce);
document.querySelector("[aria-invalid]")?.focus();
