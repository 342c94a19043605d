// Many processes on one cache. Children are forked while this process has one thread, and wait for the
// server.

#include <algorithm>
#include <array>
#include <set>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fetch/compression.hpp"
#include "fetch/live_metadata.hpp"
#include "tests/support/http_server.hpp"
#include "tests/support/temp_dir.hpp"

namespace aimlock {
namespace {

using testing::HttpServer;
using testing::Reply;
using testing::SeenRequest;
using testing::TempDir;

constexpr int page_count = 20;

std::string name_of(int page) {
    return "p" + std::to_string(page);
}

/// The page of an even number announces METADATA, the others' wheels have it all the same.
std::string page_of(const std::string& name) {
    const bool announced = (name.back() - '0') % 2 == 0;
    return R"({"meta":{"api-version":"1.3"},"files":[{"filename":")" + name +
           R"(-1.0-py3-none-any.whl","hashes":{},"core-metadata":)" + (announced ? "true" : "false") +
           R"(,"url":"../../files/)" + name + R"(-1.0-py3-none-any.whl"}]})";
}

/// What a child does: asks for all pages and the METADATA of their wheels, and returns for how many both came
/// as they should.
int right_answers(const std::filesystem::path& cache, const std::string& index) {
    SilentLog log;
    FetchOptions options;
    options.cache_dir = cache;
    FetchSession session(options, log);
    LiveMetadataOptions asked;
    asked.indexes = {index};
    LiveMetadata live(session, asked);
    for (int i = 0; i < page_count; ++i) live.ask_page(name_of(i));
    int right = 0;
    while (live.pending() > 0) {
        const Arrival arrival = live.wait();
        if (const auto* page = std::get_if<PageArrived>(&arrival)) {
            if (page->page && page->page->wheels.size() == 1 &&
                page->page->wheels[0].file_name == page->name + "-1.0-py3-none-any.whl")
                live.ask_metadata(page->page->wheels[0]);
            continue;
        }
        const auto& metadata = std::get<MetadataArrived>(arrival);
        right += metadata.metadata && metadata.metadata->version == "1.0" ? 1 : 0;
    }
    return right;
}

class Crowd {
public:
    /// Forks children that read the index's address from a pipe and exit with 0 when all their answers were
    /// right.
    Crowd(int children, const std::filesystem::path& cache) {
        if (::pipe(start_.data()) != 0) std::abort();
        for (int i = 0; i < children; ++i) {
            const pid_t child = ::fork();
            if (child == 0) {
                ::close(start_[1]);
                std::array<char, 64> address{};
                const ssize_t size = ::read(start_[0], address.data(), address.size());
                const std::string index(address.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
                const auto end = index.find('\n');
                ::_exit(right_answers(cache, index.substr(0, end)) == page_count ? 0 : 1);
            }
            children_.push_back(child);
        }
    }
    /// Returns how many succeeded.
    int run(std::string index) {
        index.resize(63, '\n');
        index += '\n';
        for (std::size_t i = 0; i < children_.size(); ++i)
            EXPECT_EQ(::write(start_[1], index.data(), index.size()), 64);
        int succeeded = 0;
        for (const pid_t child : children_) {
            int status = 1;
            ::waitpid(child, &status, 0);
            succeeded += WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 1 : 0;
        }
        ::close(start_[0]);
        ::close(start_[1]);
        return succeeded;
    }

private:
    std::array<int, 2> start_{};
    std::vector<pid_t> children_;
};

TEST(SharedCache, SixteenProcessesFetchEachPageAndEachMetadataOnce) {
    const TempDir folder;
    Crowd crowd(16, folder.path() / "cache");
    const HttpServer server([](const SeenRequest& request) {
        if (request.path.starts_with("/files/"))
            return Reply{.body = "Metadata-Version: 2.1\nName: p\nVersion: 1.0\n", .delay_ms = 20};
        const std::string path = request.path.substr(0, request.path.size() - 1);  // less the last '/'
        return Reply{
            .headers = {"Content-Type: application/vnd.pypi.simple.v1+json", "Cache-Control: max-age=600"},
            .body = page_of(path.substr(path.rfind('/') + 1)),
            .delay_ms = 20};
    });
    EXPECT_EQ(crowd.run(server.url("/simple")), 16);
    const auto seen = server.seen();
    std::multiset<std::string> paths;
    for (const SeenRequest& request : seen) paths.insert(request.path);
    EXPECT_EQ(seen.size(), 2U * page_count);
    for (int i = 0; i < page_count; ++i) {
        EXPECT_EQ(paths.count("/simple/" + name_of(i) + "/"), 1U) << i;
        EXPECT_EQ(paths.count("/files/" + name_of(i) + "-1.0-py3-none-any.whl.metadata"), 1U) << i;
    }
}

}  // namespace
}  // namespace aimlock
