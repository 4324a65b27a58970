-- SPDX-License-Identifier: MIT
-- For wrk: sends the requests of a file in turn, each of which stands there
-- whole behind its length, and tells what came of it in one line.

local requests = {}
local at = 0

function init(args)
	local file = assert(io.open(args[1], "rb"))
	local length = file:read("*n")
	while length do
		file:read(1)
		requests[#requests + 1] = file:read(length)
		length = file:read("*n")
	end
	file:close()
end

function request()
	at = at % #requests + 1
	return requests[at]
end

function done(summary, latency)
	local e = summary.errors
	io.write(string.format(
		"requests=%d seconds=%.6f bad=%d p50=%d p90=%d p99=%d max=%d\n",
		summary.requests, summary.duration / 1e6,
		e.connect + e.read + e.write + e.status + e.timeout,
		latency:percentile(50), latency:percentile(90),
		latency:percentile(99), latency.max))
end
