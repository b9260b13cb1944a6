import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An application's calls of its vendors, which does not know Mirra: makes one object and prints its id. */
public class Clients {
  static final URI AT = URI.create("https://api.stripe.com/v1/customers");
  static final String AUTHORIZATION = "Bearer sk_test_dropin1234567890";

  public static void main(String[] args) throws Exception {
    String text;
    if (args[0].equals("HttpClient")) {
      HttpRequest request = HttpRequest.newBuilder(AT).header("Authorization", AUTHORIZATION).POST(HttpRequest.BodyPublishers.ofString("name=java")).build();
      text = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();
    } else {
      HttpURLConnection c = (HttpURLConnection) AT.toURL().openConnection();
      c.setRequestProperty("Authorization", AUTHORIZATION);
      c.setDoOutput(true);
      c.getOutputStream().write("name=java".getBytes());
      try (InputStream in = c.getInputStream()) {
        text = new String(in.readAllBytes());
      }
    }
    Matcher id = Pattern.compile("\"id\": ?\"(cus_\\w+)\"").matcher(text);
    if (!id.find()) throw new Exception(text);
    System.out.println(id.group(1));
  }
}
