#include "solver/spec/direct_url.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "solver/version/ascii.hpp"

namespace aimlock {
namespace {

constexpr std::array<std::string_view, 6> schemes{"https://",     "http://",    "file://",
                                                  "git+https://", "git+ssh://", "git+file://"};

/// A path that stays below where it begins.
bool is_inner_path(std::string_view path) {
    if (path.empty() || path.front() == '/' || path.find('\\') != std::string_view::npos) return false;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/'), path.size());
        const std::string_view part = path.substr(0, end);
        if (part.empty() || part == "." || part == "..") return false;
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return true;
}

class AddressReader {
public:
    AddressReader(std::string_view text, SourcePos at) : text_(text), at_(std::move(at)) {}

    Result<DirectUrl> read() {
        const auto scheme =
            std::ranges::find_if(schemes, [&](std::string_view one) { return text_.starts_with(one); });
        if (scheme == schemes.end())
            return wrong("is no address that is understood",
                         "write https://, http://, file:// or git+https://");
        const std::size_t hash = text_.find('#');
        std::string_view address = text_.substr(0, hash);
        if (address.find_first_of(" \\\t") != std::string_view::npos)
            return wrong("holds a blank or a backslash", {});
        if (hash != std::string_view::npos) {
            if (auto read = read_fragment(text_.substr(hash + 1)); !read)
                return tl::make_unexpected(read.error());
        }
        if (address.find('?') != std::string_view::npos) {
            return wrong("has a query, which may be a secret and cannot be locked",
                         "put what gives access into netrc or before the host, and leave the query out");
        }
        if (scheme->starts_with("git+")) {
            found_.kind = ArtifactKind::git;
            if (auto read = read_commit(address, scheme->size()); !read)
                return tl::make_unexpected(read.error());
        } else if (address.ends_with(".whl")) {
            found_.kind = ArtifactKind::wheel;
        } else if (address.ends_with(".tar.gz") || address.ends_with(".zip")) {
            found_.kind = ArtifactKind::sdist;
        } else {
            return wrong("ends in neither .whl, .tar.gz nor .zip", "name the file itself");
        }
        found_.url = address;
        return std::move(found_);
    }

private:
    [[nodiscard]] tl::unexpected<Error> wrong(std::string_view why, std::string hint) const {
        DirectUrl shown;
        shown.url = text_;
        return fail_at(ErrorCode::syntax, "`" + shown.bare() + "` " + std::string(why), at_, std::move(hint));
    }

    /// `sha256=…&subdirectory=…`; `egg=` names what the requirement names anyhow.
    Result<void> read_fragment(std::string_view rest) {
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find('&'), rest.size());
            const std::string_view part = rest.substr(0, end);
            rest.remove_prefix(std::min(end + 1, rest.size()));
            const std::size_t equals = std::min(part.find('='), part.size());
            const std::string_view key = part.substr(0, equals);
            const std::string_view value = part.substr(std::min(equals + 1, part.size()));
            if (key == "sha256") {
                const auto digest = Sha256::from_hex(value);
                if (!digest) return wrong("states a sha256 that is not 64 hexadecimal digits", {});
                found_.sha256 = *digest;
            } else if (key == "subdirectory") {
                if (!is_inner_path(value)) return wrong("names a subdirectory that leaves the sources", {});
                found_.subdirectory = value;
            } else if (key != "egg") {
                return wrong("states `" + std::string(key) + "`, which means nothing here",
                             "write `#sha256=` or `#subdirectory=`");
            }
        }
        return {};
    }

    Result<void> read_commit(std::string_view& address, std::size_t after_scheme) {
        const std::size_t path = std::min(address.find('/', after_scheme), address.size());
        const std::size_t sign = address.rfind('@');
        const std::string repository(address.substr(
            4, sign == std::string_view::npos || sign < path ? std::string_view::npos : sign - 4));
        if (sign == std::string_view::npos || sign < path) {
            return wrong("names no commit", "write it behind an `@`: git ls-remote " + repository + " HEAD");
        }
        const std::string_view commit = address.substr(sign + 1);
        if (!is_full_commit(commit)) {
            return wrong(
                "names `" + std::string(commit) + "`, which is no full commit: a branch or tag can move",
                "write the commit that it stands for: git ls-remote " + repository + " " +
                    std::string(commit));
        }
        found_.commit = commit;
        address = address.substr(0, sign);
        return {};
    }

    std::string_view text_;
    SourcePos at_;
    DirectUrl found_;
};

}  // namespace

std::string_view word_of(ArtifactKind kind) {
    switch (kind) {
        case ArtifactKind::wheel:
            return "wheel";
        case ArtifactKind::sdist:
            return "sdist";
        case ArtifactKind::git:
            return "git";
    }
    return "wheel";
}

bool is_full_commit(std::string_view text) {
    return (text.size() == 40 || text.size() == 64) &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<DirectUrl> DirectUrl::parse(std::string_view text, SourcePos at) {
    return AddressReader(text, std::move(at)).read();
}

std::string DirectUrl::bare() const {
    const std::size_t begin = url.find("://");
    if (begin == std::string::npos) return url;
    const std::size_t host = begin + 3;
    const std::size_t end = std::min(url.find_first_of("/?#", host), url.size());
    const std::size_t sign = url.rfind('@', end);
    std::string out = url.substr(0, std::min(url.find('#'), url.size()));
    if (sign == std::string::npos || sign < host || sign >= end) return out;
    std::string user;
    if (url.starts_with("git+ssh://"))
        user = url.substr(host, std::min(url.find(':', host), sign) - host) + "@";
    return out.replace(host, sign + 1 - host, user);
}

std::string DirectUrl::place() const {
    std::string out = bare();
    if (out.starts_with("git+file://")) return out;
    if (out.starts_with("file://")) return out.substr(0, out.rfind('/'));
    const std::size_t host = out.find("://") + 3;
    std::string_view rest = std::string_view(out).substr(host);
    rest = rest.substr(0, rest.find('/'));
    rest = rest.substr(rest.find('@') + 1);
    return out.substr(0, host) + std::string(rest);
}

std::string DirectUrl::text() const {
    std::string out = locked();
    char before = '#';
    if (sha256.known()) out.append(1, std::exchange(before, '&')).append("sha256=").append(sha256.hex());
    if (!subdirectory.empty()) out.append(1, before).append("subdirectory=").append(subdirectory);
    return out;
}

std::string DirectUrl::identity() const {
    return subdirectory.empty() ? locked() : locked() + "#subdirectory=" + subdirectory;
}

std::string repository_of(std::string_view locked_git_url) {
    return std::string(locked_git_url.substr(0, locked_git_url.rfind('@')));
}

std::string commit_of(std::string_view locked_git_url) {
    return std::string(locked_git_url.substr(locked_git_url.rfind('@') + 1));
}

}  // namespace aimlock
