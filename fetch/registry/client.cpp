#include "fetch/registry/client.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <unistd.h>

#include "fetch/atomic_file.hpp"
#include "fetch/open_file.hpp"
#include "fetch/transfer.hpp"
#include "fetch/url.hpp"

namespace aimlock {
namespace {

using registry::Answer;
using registry::Call;

constexpr const char* bytes_header = "Content-Type: application/octet-stream";

/// The registry's own word for what is wrong ("DENIED"): upper-case letters alone, whatever else it says.
std::string error_word(const std::string& body) {
    simdjson::dom::parser parser;
    std::string_view word;
    if (parser.parse(body)["errors"].at(0)["code"].get(word) != simdjson::SUCCESS) return {};
    const bool plain = !word.empty() && word.size() < 40 &&
                       word.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == std::string_view::npos;
    return plain ? ", " + std::string(word) : std::string();
}

/// How many bytes an upload has, from "0-1023". "0-0" is what registries say of an empty one.
std::uint64_t received(const std::string& range) {
    const std::size_t dash = range.find('-');
    std::uint64_t last = 0;
    if (dash == std::string::npos) return 0;
    const char* const begin = range.data() + dash + 1;
    const auto [end, error] = std::from_chars(begin, range.data() + range.size(), last);
    return error == std::errc{} && end != begin && last != 0 ? last + 1 : 0;
}

}  // namespace

Result<RegistryClient> RegistryClient::create(const RegistryOptions& options,
                                              std::shared_ptr<Authorization> authorization) {
    auto bundle = certificate_bundle(options.environment);
    if (!bundle) return tl::make_unexpected(bundle.error());
    return RegistryClient(options, std::move(*bundle), std::move(authorization));
}

std::string RegistryClient::path(std::string_view rest) const {
    return fmt::format("{}/v2/{}/{}", options_->reference.origin(), options_->reference.repository, rest);
}

tl::unexpected<Error> RegistryClient::refusal(const Answer& answer, std::string_view doing) const {
    const std::string& host = options_->reference.host;
    const std::string word = error_word(answer.body);
    if (answer.status == 401 || answer.status == 403) {
        return fail(ErrorCode::network,
                    fmt::format("{} refuses access to {} (HTTP {}{})", host, options_->reference.repository,
                                answer.status, word),
                    fmt::format("run `docker login {0}` or `podman login {0}`, or write a netrc", host));
    }
    return fail(ErrorCode::network,
                fmt::format("{} answered HTTP {}{} when {}", host, answer.status, word, doing));
}

Result<void> RegistryClient::authorize(const std::string& header) {
    const RegistryReference& reference = options_->reference;
    const auto challenge = read_challenge(header);
    if (!challenge)
        return fail(ErrorCode::network,
                    fmt::format("{} asks for a login of a kind that is not known", reference.host));
    const auto user = registry_user(options_->environment, reference.host);
    if (!challenge->bearer) {
        if (user) authorization_->set(basic_header(*user));
        return {};
    }
    std::vector<std::string> scopes{fmt::format("repository:{}:pull,push", reference.repository)};
    for (const std::string& from : options_->mount_from)
        scopes.push_back(fmt::format("repository:{}:pull", from));
    auto url = token_url(*challenge, reference.host, scopes);
    if (!url) return tl::make_unexpected(url.error());
    Call call;
    call.url = *std::move(url);
    if (user) call.headers.push_back(basic_header(*user));
    const auto answer = connection_.send(call);
    if (!answer) return tl::make_unexpected(answer.error());
    if (answer->status != 200) return refusal(*answer, "asked for a token");
    auto accepted = token_header(answer->body, reference.host);
    if (!accepted) return tl::make_unexpected(accepted.error());
    authorization_->set(*std::move(accepted));
    return {};
}

bool RegistryClient::is_ours(const std::string& url) const {
    const auto parts = split_url(url);
    return parts && parts->origin() == options_->reference.origin();
}

Result<Answer> RegistryClient::send(Call call, std::string_view doing) {
    const std::size_t own_headers = call.headers.size();
    const bool ours = is_ours(call.url);
    bool asked_again = false;
    for (unsigned attempt = 1;; ++attempt) {
        call.headers.resize(own_headers);
        if (const std::string header = authorization_->header(); ours && !header.empty())
            call.headers.push_back(header);
        auto answer = connection_.send(call);
        if (answer && answer->status == 401 && ours && !asked_again && !answer->challenge.empty()) {
            asked_again = true;
            if (auto done = authorize(answer->challenge); !done) return tl::make_unexpected(done.error());
            continue;
        }
        if (answer && !answer->worth_a_retry) return answer;
        constexpr std::uint64_t longest_wait_s = 60;
        if (attempt >= options_->tries || (answer && answer->retry_after_s > longest_wait_s)) {
            if (!answer) return answer;
            return refusal(*answer, doing);
        }
        const std::uint64_t wait = std::uint64_t{options_->retry_base_ms} << (attempt - 1);
        std::this_thread::sleep_for(
            std::chrono::milliseconds(std::max(wait, answer ? answer->retry_after_s * 1000 : 0)));
    }
}

Result<std::string> RegistryClient::resolved(const std::string& location) const {
    const std::string origin = options_->reference.origin();
    std::string url = join_url(origin + "/", location);
    const auto parts = split_url(url);
    const bool safe = parts && parts->user_info.empty() &&
                      (parts->scheme == "https" ||
                       (parts->scheme == "http" && origin.starts_with("http:") && is_loopback(parts->host)));
    if (location.empty() || !safe)
        return fail(ErrorCode::network,
                    fmt::format("{} names no place to upload to that can be used", options_->reference.host));
    return url;
}

Result<std::string> RegistryClient::begin_upload(const RegistryBlob& blob, bool& mounted) {
    std::string begun;
    std::vector<std::string> sources = options_->mount_from;
    sources.emplace_back();  // at last, without a mount
    for (const std::string& from : sources) {
        if (from.empty() && !begun.empty()) return begun;
        Call call;
        call.method = "POST";
        call.url = path("blobs/uploads/");
        if (!from.empty())
            call.url += fmt::format("?mount=sha256:{}&from={}", blob.digest.hex(), percent_encoded(from));
        const auto answer = send(call, "an upload began");
        if (!answer) return tl::make_unexpected(answer.error());
        mounted = answer->status == 201 && !from.empty();
        // A mount that cannot be made begins an upload, of which one is enough.
        if (!begun.empty()) cancel(begun);
        if (mounted) return std::string();
        if (answer->status != 202) {
            if (from.empty()) return refusal(*answer, "an upload began");
            begun.clear();
            continue;
        }
        auto location = resolved(answer->location);
        if (!location) return location;
        begun = std::move(*location);
    }
    return begun;
}

void RegistryClient::cancel(const std::string& location) {
    Call call;
    call.method = "DELETE";
    call.url = location;
    if (const std::string header = authorization_->header(); !header.empty() && is_ours(location))
        call.headers.push_back(header);
    // A registry that does not take it drops the upload some day.
    (void)connection_.send(call);
}

Result<void> RegistryClient::upload_in_chunks(const RegistryBlob& blob, int file, std::string& location) {
    unsigned failures = 0;
    for (std::uint64_t at = 0; at < blob.size_bytes;) {
        Call call;
        call.method = "PATCH";
        call.url = location;
        call.file = file;
        call.offset = at;
        call.size = std::min(options_->chunk_bytes, blob.size_bytes - at);
        call.headers = {bytes_header, fmt::format("Content-Range: {}-{}", at, at + call.size - 1)};
        // Not tried again as it is: a part of the piece may have arrived.
        if (const std::string header = authorization_->header(); !header.empty() && is_ours(location))
            call.headers.push_back(header);
        const auto answer = connection_.send(call);
        if (answer && (answer->status == 202 || answer->status == 204)) {
            at += call.size;
            auto next = answer->location.empty() ? Result<std::string>(location) : resolved(answer->location);
            if (!next) return tl::make_unexpected(next.error());
            location = std::move(*next);
            continue;
        }
        if (++failures >= options_->tries) {
            if (!answer) return tl::make_unexpected(answer.error());
            return refusal(*answer, "a piece was sent");
        }
        // What of it arrived is asked, and goes on from there; a new token comes on the way.
        Call status;
        status.url = location;
        const auto known = send(status, "asked how far an upload is");
        if (!known) return tl::make_unexpected(known.error());
        if (known->status != 204 && known->status != 202 && known->status != 200)
            return refusal(*known, "asked how far an upload is");
        at = std::min(received(known->range), blob.size_bytes);
        if (!known->location.empty()) {
            auto next = resolved(known->location);
            if (!next) return tl::make_unexpected(next.error());
            location = std::move(*next);
        }
    }
    return {};
}

Result<void> RegistryClient::upload(const RegistryBlob& blob, std::string location) {
    const OpenFile file(::open(blob.file.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.number() < 0) return tl::make_unexpected(io_error(blob.file, "read"));
    Call call;
    call.method = "PUT";
    call.headers = {bytes_header};
    if (blob.size_bytes > options_->chunk_bytes) {
        if (auto sent = upload_in_chunks(blob, file.number(), location); !sent) return sent;
    } else {
        call.file = file.number();
        call.size = blob.size_bytes;
    }
    call.url = location + (location.find('?') == std::string::npos ? '?' : '&') +
               fmt::format("digest=sha256:{}", blob.digest.hex());
    const auto answer = send(call, "a blob was sent");
    if (!answer) return tl::make_unexpected(answer.error());
    if (answer->status != 201) return refusal(*answer, "a blob was sent");
    return {};
}

Result<BlobOutcome> RegistryClient::put_blob(const RegistryBlob& blob) {
    Call call;
    call.method = "HEAD";
    call.url = path(fmt::format("blobs/sha256:{}", blob.digest.hex()));
    const auto answer = send(call, "asked for a blob");
    if (!answer) return tl::make_unexpected(answer.error());
    // A redirect leads to the storage that has it.
    if (answer->status == 200 || (answer->status >= 300 && answer->status < 400)) return BlobOutcome::present;
    if (answer->status != 404) return refusal(*answer, "asked for a blob");
    bool mounted = false;
    auto location = begin_upload(blob, mounted);
    if (!location) return tl::make_unexpected(location.error());
    if (mounted) return BlobOutcome::mounted;
    auto sent = upload(blob, *location);
    for (unsigned attempt = 1; !sent && sent.error().code == ErrorCode::network && attempt < 2; ++attempt) {
        // The session may be gone with the connection: once more from the beginning.
        location = begin_upload(blob, mounted);
        if (!location) return tl::make_unexpected(location.error());
        if (mounted) return BlobOutcome::mounted;
        sent = upload(blob, *location);
    }
    if (!sent) return tl::make_unexpected(sent.error());
    return BlobOutcome::uploaded;
}

Result<void> RegistryClient::put_manifest(const std::string& media_type, std::string_view bytes) {
    Call call;
    call.method = "PUT";
    call.url = path("manifests/" + options_->reference.tag);
    call.headers = {"Content-Type: " + media_type};
    call.body = bytes;
    const auto answer = send(call, "the manifest was sent");
    if (!answer) return tl::make_unexpected(answer.error());
    if (answer->status != 201) return refusal(*answer, "the manifest was sent");
    if (const std::string digest = "sha256:" + sha256_of(bytes).hex();
        !answer->digest.empty() && answer->digest != digest) {
        return fail(ErrorCode::integrity,
                    fmt::format("{} stored the image as another than {}", options_->reference.host, digest));
    }
    return {};
}

}  // namespace aimlock
