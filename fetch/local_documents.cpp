// Documents under file://: read where they lie, condensed for as long as they look the same.

#include <fmt/format.h>
#include <sys/stat.h>

#include "fetch/compression.hpp"
#include "fetch/session.hpp"
#include "fetch/url.hpp"

namespace aimlock {
namespace {

/// What a file looks like from outside: another look, another content. Empty: it cannot be told, because the
/// file is missing, or so young that it may change again within the resolution of its times.
std::string looks_of(const std::filesystem::path& path, std::int64_t now_s) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
    if (status.st_ctim.tv_sec + 1 >= now_s && status.st_ctim.tv_sec <= now_s) return {};
    return fmt::format("{} {}.{} {}.{} {}:{}", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                       status.st_ctim.tv_sec, status.st_ctim.tv_nsec, status.st_dev, status.st_ino);
}

}  // namespace

std::optional<Document> FetchSession::condensed_local(const DocumentRequest& request) const {
    const std::string looks = looks_of(path_of_file_url(request.url), now_s());
    if (request.form.empty() || looks.empty()) return std::nullopt;
    auto cached = cache_.find(request.url);
    if (!cached || cached->coding != request.form || cached->etag != looks) return std::nullopt;
    Document document;
    document.url = request.url;
    document.from_cache = true;
    document.mapped = cached->body;
    document.held = std::move(cached->held);
    if (request.check && !request.check(document.mapped)) return std::nullopt;
    return document;
}

Result<Document> FetchSession::read_local(const DocumentRequest& request) {
    const std::filesystem::path path = path_of_file_url(request.url);
    const std::string looks = looks_of(path, now_s());  // before it is read: a later change looks otherwise
    if (auto condensed = condensed_local(request)) return std::move(*condensed);
    Document document;
    document.url = request.url;
    document.from_cache = true;  // no request
    std::error_code failed;
    if (!std::filesystem::is_regular_file(path, failed)) {
        document.exists = false;
        return document;
    }
    auto content = read_whole_file(path);
    if (!content) return fail(ErrorCode::io, path.string() + ": cannot read");
    document.body = std::move(*content);
    document.body.reserve(document.body.size() + text_padding);
    if (!request.form.empty()) {
        auto condensed = request.condense(document.body, request.url);
        if (!condensed) return tl::make_unexpected(std::move(condensed.error()));
        document.body = std::move(*condensed);
    }
    if (request.check) {
        if (auto passed = request.check(document.body); !passed) return tl::make_unexpected(passed.error());
    }
    if (!request.form.empty() && !looks.empty() && looks == looks_of(path, now_s())) {
        CachedDocument entry;
        entry.url = request.url;
        entry.etag = looks;
        entry.coding = request.form;
        entry.body = document.body;
        store(request.url, entry);
    }
    return document;
}

}  // namespace aimlock
