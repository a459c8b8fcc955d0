// A webhook receiver for ASP.NET Core (.NET 8): PORT and WEBHOOK_KEY are its environment.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

var keys = (Environment.GetEnvironmentVariable("WEBHOOK_KEY") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseUrls("http://127.0.0.1:" + Environment.GetEnvironmentVariable("PORT"));
// A document of 50 MB in base64, and the rest.
builder.WebHost.ConfigureKestrel(o => o.Limits.MaxRequestBodySize = 80 * 1024 * 1024);
var app = builder.Build();

app.MapPost("/{**path}", async (HttpRequest request) =>
{
    using var raw = new MemoryStream();
    await request.Body.CopyToAsync(raw);
    var body = raw.ToArray();
    if (!Signed(request.Headers, body)) return Results.StatusCode(401);
    var e = JsonSerializer.Deserialize<InnsigliEvent>(body);
    if (e is null || !Documented(e.EventSignature)) return Results.StatusCode(401);
    // Put it into a queue here, unless its Id is there already.
    Console.WriteLine($"{e.Id} {e.EventData.EventType} {e.EventData.ProcessKey} {e.EventData.SignedDocument?.Length ?? 0}");
    return Results.Ok();
});
app.Run();

// The Standard Webhooks headers, which cover the body.
bool Signed(IHeaderDictionary headers, byte[] body)
{
    string id = headers["webhook-id"].ToString(), at = headers["webhook-timestamp"].ToString();
    if (!long.TryParse(at, out var seconds) || Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - seconds) > 300) return false;
    var begin = Encoding.UTF8.GetBytes($"{id}.{at}.");
    return keys.Any(key =>
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Convert.FromBase64String(key));
        mac.AppendData(begin);
        mac.AppendData(body);
        var want = "v1," + Convert.ToBase64String(mac.GetHashAndReset());
        return headers["webhook-signature"].ToString().Split(' ').Any(got => Same(got, want));
    });
}

// The signature in the body. Who has checked the headers need not.
bool Documented(EventSignature s) => keys.Any(key =>
    Same(s.Signature, Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(s.SignedData)))));

static bool Same(string a, string b) =>
    CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(a), Encoding.UTF8.GetBytes(b));

record InnsigliEvent(string Id, EventData EventData, EventSignature EventSignature);
record EventData(string ProcessKey, int EventType, byte[]? SignedDocument);
record EventSignature(long TimeStamp, string Guid, string Signature, string SignedData);
