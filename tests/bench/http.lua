-- wrk's requests: POSTs questions from a file (one JSON body a line, path in the environment) in turn.
-- DELAY_MS: each connection waits so long on average before its next request (a load below the full).
local bodies = {}
for line in io.lines(os.getenv("BODIES")) do bodies[#bodies + 1] = line end
local path = os.getenv("REQUEST_PATH")
local at = 0
request = function()
    at = at % #bodies + 1
    return wrk.format("POST", path, { ["Content-Type"] = "application/json" }, bodies[at])
end
local wait = tonumber(os.getenv("DELAY_MS") or "0")
if wait > 0 then delay = function() return math.random(0, math.floor(2 * wait)) end end
done = function(summary, latency, requests)
    local e = summary.errors
    io.write(string.format("RESULT %.1f %.3f %.3f %.3f %d\n",
        summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1000,
        latency:percentile(99) / 1000, latency.max / 1000,
        e.connect + e.read + e.write + e.timeout + e.status))
end
