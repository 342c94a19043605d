// Opens a channel that the cache holds and follows the dependencies of some names, without solving anything:
//
//     reopen_channel CHANNEL PLATFORM NAME…
//
// AIMLOCK_CACHE_DIR names the cache; nothing is asked of the network. Prints one JSON line: milliseconds for
// opening and for the closure, names, records and dependencies reached, the process's peak in MB.
#include <chrono>
#include <cstdio>

#include <sys/resource.h>

#include "fetch/conda/name_closure.hpp"
#include "fetch/conda/repodata.hpp"

namespace {

double milliseconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

int main(int argc, char** argv) {
    using namespace aimlock;
    if (argc < 4) return 2;
    SilentLog log;
    FetchOptions options;
    options.environment = Environment::of_process();
    options.offline = true;
    const auto begin = std::chrono::steady_clock::now();
    FetchSession session(options, log);
    ChannelReading reading;
    reading.channels = {argv[1]};
    reading.platforms = {argv[2]};
    const auto channels = read_channels(session, reading, log);
    if (!channels) {
        std::fprintf(stderr, "%s\n", channels.error().message.c_str());
        return 1;
    }
    const double opened = milliseconds_since(begin);
    NameClosure closure(nullptr);
    for (int i = 3; i < argc; ++i) {
        if (const auto spec = MatchSpec::parse(argv[i])) closure.want(*spec);
    }
    for (auto names = closure.new_names(); !names.empty(); names = closure.new_names()) {
        for (const std::string& name : names) {
            for (const Channel& channel : *channels)
                for (const Repodata& subdir : channel.subdirs) closure.take(name, subdir);
        }
    }
    std::size_t records = 0;
    std::size_t dependencies = 0;
    for (const std::string& name : closure.names()) {
        for (const Repodata& subdir : channels->front().subdirs) {
            for (const CondaRecord& record : subdir.records_named(name)) {
                ++records;
                dependencies += subdir.list(record.depends).size();
            }
        }
    }
    const double done = milliseconds_since(begin);
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    std::printf(
        "{\"open_ms\":%.2f,\"closure_ms\":%.2f,\"names\":%zu,\"records\":%zu,\"dependencies\":%zu,\"peak_"
        "mb\":%.1f}\n",
        opened, done - opened, closure.names().size(), records, dependencies,
        static_cast<double>(usage.ru_maxrss) / 1024);
}
