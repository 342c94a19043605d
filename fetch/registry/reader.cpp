#include "fetch/registry/reader.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <simdjson.h>

#include "fetch/registry/reference.hpp"
#include "fetch/url.hpp"

namespace aimlock {
namespace {

constexpr std::uint64_t most_manifest = std::uint64_t{4} << 20U;
constexpr std::uint64_t most_token = std::uint64_t{64} << 10U;
constexpr std::string_view if_none_match = "If-None-Match: ";

struct RepodataForm {
    std::string_view media_type;
    bool is_gzip;
};
/// What is quickest to have first.
constexpr std::array repodata_forms{RepodataForm{"application/vnd.conda.repodata.v1+json+zst", false},
                                    RepodataForm{"application/vnd.conda.repodata.v1+json+gzip", true},
                                    RepodataForm{"application/vnd.conda.repodata.v1+json+bz2", false},
                                    RepodataForm{"application/vnd.conda.repodata.v1+json", false}};

/// "numpy" of "numpy-2.0-py312_0.conda"; other files have their own name.
std::string_view artifact_name(std::string_view file) {
    for (const std::string_view ending : {".conda", ".tar.bz2"}) {
        if (!file.ends_with(ending)) continue;
        file.remove_suffix(ending.size());
        for (int part = 0; part < 2; ++part) file = file.substr(0, std::min(file.rfind('-'), file.size()));
        return file;
    }
    return file;
}

tl::unexpected<Error> refusal(const RegistryPlace& place, long status) {
    return fail(ErrorCode::network,
                fmt::format("{} refuses access to {} (HTTP {})", place.host, place.repository, status),
                fmt::format("run `docker login {0}` or `podman login {0}`, or write a netrc", place.host));
}

/// The layer's bytes while they arrive.
struct LayerBytes {
    std::string bytes;
    Sha256Stream hash;
};

}  // namespace

Result<RegistryPlace> registry_place_of(std::string_view url) {
    const auto parts = split_url(url);
    const std::string path = parts ? percent_decoded(parts->path) : std::string();
    const std::size_t slash = path.rfind('/');
    if (parts && slash != std::string::npos && slash != 0) {
        const std::string_view name = artifact_name(std::string_view(path).substr(slash + 1));
        RegistryPlace place{parts->host, path.substr(1, slash)};
        // No repository's name begins with `_`.
        if (name.starts_with('_')) place.repository += "zzz";
        place.repository += name;
        if (is_repository(place.repository)) return place;
    }
    return fail(ErrorCode::repodata, shown_url(url) + ": no repository of a registry can have that name");
}

Result<RepodataLayer> find_repodata_layer(std::string_view manifest, std::string_view artifact) {
    simdjson::dom::parser parser;
    simdjson::dom::array layers;
    const simdjson::padded_string padded(manifest);
    if (parser.parse(padded)["layers"].get(layers) != simdjson::SUCCESS)
        return fail(ErrorCode::repodata, fmt::format("{}: its manifest names no layers", artifact));
    std::size_t best = repodata_forms.size();
    RepodataLayer layer;
    for (const simdjson::dom::element& element : layers) {
        std::string_view type;
        std::string_view digest;
        if (element["mediaType"].get(type) != simdjson::SUCCESS ||
            element["digest"].get(digest) != simdjson::SUCCESS || !digest.starts_with("sha256:"))
            continue;
        const auto* const form = std::ranges::find(repodata_forms, type, &RepodataForm::media_type);
        const auto which = static_cast<std::size_t>(form - repodata_forms.begin());
        const auto sha256 = Sha256::from_hex(digest.substr(7));
        if (which >= best || !sha256) continue;
        best = which;
        layer = {*sha256, form->is_gzip};
    }
    if (best != repodata_forms.size()) return layer;
    return fail(ErrorCode::repodata, fmt::format("{}: no layer of it is repodata that is known", artifact));
}

/// A request on its way to a registry.
struct RegistryReader::Pull {
    RegistryPlace place;
    HttpRequest request;
    Transfer::Done done;
    bool asked_for_token = false;
};

void RegistryReader::pull(const RegistryPlace& place,
                          std::string_view path,
                          HttpRequest request,
                          Transfer::Done done) {
    const std::string origin = RegistryReference{place.host, {}, {}}.origin();
    request.url = fmt::format("{}/v2/{}/{}", origin, place.repository, path);
    request.may_be_unauthorized = request.may_be_forbidden = true;
    request.accept_gzip = false;  // a digest is of the bytes as they are kept
    auto pull = std::make_shared<Pull>(Pull{place, std::move(request), std::move(done), false});
    std::optional<AuthChallenge> challenge;
    {
        const std::lock_guard lock(mutex_);
        const auto found = challenges_.find(place.host);
        if (found != challenges_.end() && !headers_.contains(place.text())) challenge = found->second;
    }
    return challenge ? authorize(pull, *challenge) : send(pull);
}

void RegistryReader::send(const std::shared_ptr<Pull>& pull) {
    HttpRequest request = pull->request;
    {
        const std::lock_guard lock(mutex_);
        const auto header = headers_.find(pull->place.text());
        if (header != headers_.end()) request.headers.push_back(header->second);
    }
    transfer_.start(std::move(request),
                    [this, pull](Result<HttpResponse> response) { answered(pull, std::move(response)); });
}

void RegistryReader::answered(const std::shared_ptr<Pull>& pull, Result<HttpResponse> response) {
    if (response && response->status == 401 && !pull->asked_for_token) {
        if (const auto challenge = read_challenge(response->challenge)) return authorize(pull, *challenge);
    }
    if (response && (response->status == 401 || response->status == 403))
        return pull->done(refusal(pull->place, response->status));
    pull->done(std::move(response));
}

void RegistryReader::authorize(const std::shared_ptr<Pull>& pull, const AuthChallenge& challenge) {
    pull->asked_for_token = true;
    const RegistryPlace& place = pull->place;
    const auto user = registry_user(environment_, place.host);
    const auto accept = [this, pull](std::string header) {
        {
            const std::lock_guard lock(mutex_);
            headers_[pull->place.text()] = std::move(header);
        }
        send(pull);
    };
    if (!challenge.bearer) return user ? accept(basic_header(*user)) : pull->done(refusal(place, 401));
    auto url = token_url(challenge, place.host, {fmt::format("repository:{}:pull", place.repository)});
    if (!url) return pull->done(tl::make_unexpected(std::move(url.error())));
    {
        const std::lock_guard lock(mutex_);
        challenges_[place.host] = challenge;
    }
    HttpRequest request;
    request.url = *std::move(url);
    if (user) request.headers.push_back(basic_header(*user));
    request.may_be_unauthorized = request.may_be_forbidden = true;
    request.body_cap = most_token;
    transfer_.start(std::move(request), [pull, accept](Result<HttpResponse> response) {
        if (!response) return pull->done(std::move(response));
        if (response->status != 200) return pull->done(refusal(pull->place, response->status));
        auto header = token_header(response->body, pull->place.host);
        if (!header) return pull->done(tl::make_unexpected(std::move(header.error())));
        accept(*std::move(header));
    });
}

void RegistryReader::get_document(HttpRequest request, Transfer::Done done) {
    if (!is_oci_url(request.url)) return transfer_.start(std::move(request), std::move(done));
    const auto place = registry_place_of(request.url);
    if (!place) return done(tl::make_unexpected(place.error()));
    HttpRequest manifest;
    manifest.headers.emplace_back("Accept: application/vnd.oci.image.manifest.v1+json");
    manifest.body_cap = most_manifest;
    const auto read = [this, place = *place, request, done](Result<HttpResponse> response) {
        if (!response || response->status != 200) {
            if (response) response->url = request.url;
            return done(std::move(response));
        }
        const auto layer = find_repodata_layer(response->body, place.text());
        if (!layer) return done(tl::make_unexpected(layer.error()));
        get_layer(place, *layer, request, done);
    };
    pull(*place, "manifests/latest", std::move(manifest), read);
}

void RegistryReader::get_layer(const RegistryPlace& place,
                               const RepodataLayer& layer,
                               HttpRequest request,
                               Transfer::Done done) {
    const std::string digest = "sha256:" + layer.digest.hex();
    HttpResponse answer;  // what a server of files would say, but for the body
    answer.status = 304;
    answer.url = request.url;
    answer.etag = digest;
    const bool is_known =
        std::ranges::find(request.headers, std::string(if_none_match) + digest) != request.headers.end();
    if (is_known) return done(std::move(answer));
    answer.status = 200;
    answer.content_type = "application/json";
    if (layer.is_gzip) answer.content_encoding = "gzip";
    const auto held = std::make_shared<LayerBytes>();
    HttpRequest blob;
    blob.body_cap = request.body_cap;
    blob.before_try = [held](HttpRequest&) { *held = LayerBytes{}; };
    blob.sink = [held](const HttpResponse&, std::string_view piece) -> Result<void> {
        held->hash.update(piece);
        held->bytes += piece;
        return {};
    };
    const auto take = [place, digest, held, answer, done](Result<HttpResponse> response) {
        if (!response) return done(std::move(response));
        const std::string what = place.text() + "@" + digest;
        if (response->status != 200)
            return done(
                fail(ErrorCode::network,
                     fmt::format("{}: the manifest names this layer, but the registry answers HTTP {}", what,
                                 response->status)));
        if (const std::string found = "sha256:" + held->hash.finish().hex(); found != digest)
            return done(fail(ErrorCode::integrity, fmt::format("{}: what came is {}", what, found)));
        HttpResponse whole = answer;
        whole.received = held->bytes.size();
        whole.body = std::move(held->bytes);
        done(std::move(whole));
    };
    pull(place, "blobs/" + digest, std::move(blob), take);
}

void RegistryReader::get_archive(HttpRequest request, const Sha256& digest, Transfer::Done done) {
    if (!is_oci_url(request.url)) return transfer_.start(std::move(request), std::move(done));
    const auto place = registry_place_of(request.url);
    if (!place) return done(tl::make_unexpected(place.error()));
    const auto take = [place = *place, url = request.url, digest, done](Result<HttpResponse> response) {
        if (response && (response->status == 404 || response->status == 410)) {
            return done(fail(
                ErrorCode::not_found,
                fmt::format("{}: {} has no blob sha256:{}", shown_url(url), place.text(), digest.hex()),
                "The registry lost the package or has another one in its place; `aimlock solve` looks anew"));
        }
        done(std::move(response));
    };
    pull(*place, "blobs/sha256:" + digest.hex(), std::move(request), take);
}

}  // namespace aimlock
