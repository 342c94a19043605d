#include "fetch/transfer.hpp"

#include <atomic>
#include <mutex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/http_server.hpp"
#include "tests/support/temp_dir.hpp"

namespace aimlock {
namespace {

using ::testing::HasSubstr;
using testing::HttpServer;
using testing::Reply;
using testing::SeenRequest;

/// A client whose retries are quick, with nothing of the machine's own settings.
struct Client {
    Environment environment;
    Credentials credentials{environment};
    TransferOptions options = quick();
    Transfer transfer{options, environment, credentials};

    static TransferOptions quick() {
        TransferOptions options;
        options.retry_base = std::chrono::milliseconds(1);
        options.stall_timeout = std::chrono::milliseconds(100);
        return options;
    }
    Result<HttpResponse> get(const std::string& url) {
        HttpRequest request;
        request.url = url;
        return transfer.get(std::move(request));
    }
};

TEST(Transfer, GivesTheHeadAndTheBody) {
    const HttpServer server({{"/x", Reply{.headers = {"ETag: \"1\"", "Cache-Control: public, Max-Age=600",
                                                      "Content-Type: text/plain"},
                                          .body = "hello"}}});
    Client client;
    const auto response = client.get(server.url("/x"));
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "hello");
    EXPECT_EQ(response->etag, "\"1\"");
    EXPECT_EQ(response->max_age_s, 600);
    EXPECT_EQ(response->content_type, "text/plain");
    EXPECT_EQ(client.get(server.url("/absent"))->status, 404);
    EXPECT_EQ(client.transfer.counts().requests, 2U);
}

TEST(Transfer, TriesFaultsAgainAndThenSucceeds) {
    std::atomic<int> calls{0};
    const HttpServer server([&](const SeenRequest&) {
        switch (calls++) {
            case 0:
                return Reply{.status = 503};
            case 1:
                return Reply{.body = "hello", .send_only = 2};
            case 2:
                return Reply{.body = "hello", .send_only = 2, .reset = true};
            default:
                return Reply{.body = "hello"};
        }
    });
    Client client;
    const auto response = client.get(server.url("/x"));
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "hello");
    EXPECT_EQ(server.count(), 4U);
}

TEST(Transfer, GivesUpAfterFourTriesAndNamesTheUrl) {
    const HttpServer server([](const SeenRequest&) { return Reply{.body = "hello", .stated_length = 100}; });
    Client client;
    const auto response = client.get(server.url("/short"));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::network);
    EXPECT_THAT(response.error().message, HasSubstr(server.url("/short")));
    EXPECT_THAT(response.error().message, HasSubstr("after 5 bytes"));
    EXPECT_THAT(response.error().message, HasSubstr("in 4 tries"));
    EXPECT_EQ(server.count(), 4U);
}

TEST(Transfer, EndsASilentTransfer) {
    const HttpServer server(
        [](const SeenRequest&) { return Reply{.body = "hello", .send_only = 2, .stall = true}; });
    Client client;
    const auto response = client.get(server.url("/stall"));
    ASSERT_FALSE(response);
    EXPECT_THAT(response.error().message, HasSubstr("no byte for"));
    EXPECT_EQ(server.count(), 4U);
}

TEST(Transfer, WaitsForWhatIsSlowButMoves) {
    const HttpServer server(
        [](const SeenRequest&) { return Reply{.body = "twenty slow bytes ..", .trickle_ms = 25}; });
    Client client;  // which calls 100 ms of silence a stall
    const auto response = client.get(server.url("/slow"));
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "twenty slow bytes ..");
    EXPECT_EQ(server.count(), 1U);
}

TEST(Transfer, OfAThousandWithOneInAHundredBrokenEachArrives) {
    std::mutex mutex;
    std::set<std::string> broken;
    const HttpServer server([&](const SeenRequest& request) {
        const int number = std::stoi(request.path.substr(1));
        if (number % 100 == 7) {
            const std::lock_guard lock(mutex);
            if (broken.insert(request.path).second)
                return number % 200 == 7 ? Reply{.status = 503}
                                         : Reply{.body = "half", .send_only = 2, .reset = true};
        }
        return Reply{.body = request.path};
    });
    Client client;
    std::atomic<int> right{0};
    std::atomic<int> left{1000};
    for (int i = 0; i < 1000; ++i) {
        HttpRequest request;
        request.url = server.url("/" + std::to_string(i));
        client.transfer.start(std::move(request), [&, i](Result<HttpResponse> response) {
            if (response && response->body == "/" + std::to_string(i)) ++right;
            --left;
            left.notify_all();
        });
    }
    for (int now = left; now != 0; now = left) left.wait(now);
    EXPECT_EQ(right, 1000);
    EXPECT_EQ(server.count(), 1010U) << "only what broke is asked for again";
}

TEST(Transfer, ObeysRetryAfterButNotForever) {
    std::atomic<int> calls{0};
    const HttpServer server([&](const SeenRequest& request) {
        if (request.path == "/long") return Reply{.status = 503, .headers = {"Retry-After: 3600"}};
        return calls++ == 0 ? Reply{.status = 429, .headers = {"Retry-After: 1"}} : Reply{.body = "ok"};
    });
    Client client;
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(client.get(server.url("/x")));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(990));
    const auto refused = client.get(server.url("/long"));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().hint, HasSubstr("3600 seconds"));
}

TEST(Transfer, DoesNotRepeatRefusals) {
    const HttpServer server(
        [](const SeenRequest& request) { return Reply{.status = request.path == "/401" ? 401 : 403}; });
    Client client;
    EXPECT_THAT(client.get(server.url("/401")).error().message, HasSubstr("HTTP 401"));
    EXPECT_THAT(client.get(server.url("/403")).error().message, HasSubstr("HTTP 403"));
    EXPECT_EQ(server.count(), 2U);
}

TEST(Transfer, StopsARedirectLoopAfterTen) {
    const HttpServer server(
        [](const SeenRequest&) { return Reply{.status = 302, .headers = {"Location: /again"}}; });
    Client client;
    EXPECT_FALSE(client.get(server.url("/loop")));
    EXPECT_EQ(server.count(), 11U);
}

TEST(Transfer, LeavesCredentialsBehindOnARedirectToAnotherOrigin) {
    const HttpServer other([](const SeenRequest&) { return Reply{.body = "there"}; });
    const HttpServer server([&](const SeenRequest&) {
        return Reply{.status = 302, .headers = {"Location: " + other.url("/x")}};
    });
    Client client;
    const std::string url = client.credentials.learn("http://user:canary@" + server.host() + "/x");
    const auto response = client.get(url);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->url, other.url("/x"));
    EXPECT_THAT(server.seen()[0].header("authorization"), HasSubstr("Basic "));
    EXPECT_EQ(other.seen()[0].header("authorization"), "");
}

TEST(Transfer, RefusesOtherProtocolsAndCredentialsInARedirect) {
    const HttpServer server([](const SeenRequest& request) {
        return Reply{.status = 302,
                     .headers = {request.path == "/file" ? "Location: file:///etc/passwd"
                                                         : "Location: http://u:p@127.0.0.1:9/x"}};
    });
    Client client;
    EXPECT_FALSE(client.get(server.url("/file")));
    EXPECT_FALSE(client.get(server.url("/login")));
    EXPECT_FALSE(client.get("ftp://127.0.0.1/x"));
    EXPECT_EQ(server.count(), 2U);
}

// A document that ends where the connection ends may be cut by anybody: METADATA would lose requirements.
TEST(Transfer, RefusesADocumentThatNobodyKnowsTheEndOf) {
    const HttpServer server(
        {{"/x", Reply{.body = "Name: x\nRequires-Dist: y\n", .unframed = true, .send_only = 8}}});
    Client client;
    const auto response = client.get(server.url("/x"));
    ASSERT_FALSE(response);
    EXPECT_THAT(response.error().message, HasSubstr("how long"));
    EXPECT_EQ(server.count(), 1U);
    HttpRequest checked;  // by its receiver, as archives are
    checked.url = server.url("/x");
    checked.sink = [](const HttpResponse&, std::string_view) -> Result<void> { return {}; };
    EXPECT_TRUE(client.transfer.get(std::move(checked)));
}

TEST(Transfer, CapsBodies) {
    const HttpServer server({{"/big", Reply{.body = std::string(100'000, 'x')}}});
    Client client;
    HttpRequest request;
    request.url = server.url("/big");
    request.body_cap = 50'000;
    const auto response = client.transfer.get(std::move(request));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::integrity);
    EXPECT_THAT(response.error().message, HasSubstr("50000 bytes"));
    EXPECT_EQ(server.count(), 1U);
}

TEST(Transfer, MovesManyAtOnce) {
    const HttpServer server([](const SeenRequest& request) {
        return Reply{.body = request.path, .delay_ms = static_cast<int>(request.path.size() % 7)};
    });
    Client client;
    std::atomic<int> right{0};
    std::atomic<int> left{200};
    for (int i = 0; i < 200; ++i) {
        HttpRequest request;
        const std::string path =
            "/" + std::string(static_cast<std::size_t>(i % 13 + 1), 'p') + std::to_string(i);
        request.url = server.url(path);
        client.transfer.start(std::move(request), [&, path](Result<HttpResponse> response) {
            if (response && response->body == path) ++right;
            --left;
            left.notify_all();
        });
    }
    for (int now = left; now != 0; now = left) left.wait(now);
    EXPECT_EQ(right, 200);
}

TEST(CertificateBundle, ABadSslCertFileIsAHardError) {
    const testing::TempDir folder;
    Environment environment;
    environment.variables["SSL_CERT_FILE"] = (folder.path() / "none.pem").string();
    EXPECT_FALSE(certificate_bundle(environment));
    environment.variables["SSL_CERT_FILE"] = folder.write("empty.pem", "not a certificate").string();
    EXPECT_FALSE(certificate_bundle(environment));
    const Credentials credentials(environment);
    Transfer transfer({}, environment, credentials);
    HttpRequest request;
    request.url = "https://127.0.0.1:9/x";
    EXPECT_THAT(transfer.get(std::move(request)).error().message, HasSubstr("SSL_CERT_FILE"));
    environment.variables.clear();
    EXPECT_TRUE(certificate_bundle(environment));
}

}  // namespace
}  // namespace aimlock
